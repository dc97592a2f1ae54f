use std::borrow::Cow;

use crate::{Error, FieldProblem, password::Advice};

/// The language of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// The Flask system's own words, where it had some; English elsewhere. For clients that don't
    /// say which language they want.
    #[default]
    Flask,
    /// English.
    English,
    /// Chinese.
    Chinese,
}

/// What is said to a person in every language.
pub trait Words {
    /// The message in `language`.
    fn in_words(&self, language: Language) -> Cow<'static, str>;
}

impl Words for Error {
    fn in_words(&self, language: Language) -> Cow<'static, str> {
        if let Self::Denied(denied) = self {
            return match language {
                Language::Flask => denied.in_flask(),
                Language::English => denied.in_english(),
                Language::Chinese => denied.in_chinese(),
            }
            .into();
        }
        if let Self::Vetoed { reason } = self {
            return reason.clone().into();
        }
        if let Self::RoleRequired { role } = self {
            return match language {
                Language::Chinese => format!("需要角色 {role}").into(),
                _ => format!("This needs the role {role}.").into(),
            };
        }
        if let Self::ScopeRequired { scope } = self {
            return match language {
                Language::Chinese => format!("该API密钥缺少权限范围 {scope}。").into(),
                _ => format!("This needs an API key with the scope {scope}.").into(),
            };
        }
        let (english, chinese) = by_name(self.name());
        if language == Language::Chinese { chinese } else { english }.into()
    }
}

fn by_name(name: &str) -> (&'static str, &'static str) {
    match name {
        "invalid_credentials" => ("Invalid username or password.", "用户名或密码错误。"),
        "account_disabled" => ("This account is disabled.", "该账户已被停用。"),
        "email_not_confirmed" => ("Confirm your e-mail address first.", "请先确认您的邮箱地址。"),
        "cross_site_request" => ("Another site sent this request.", "该请求来自其他网站。"),
        "refresh_token_invalid" => ("The refresh token is not valid. Sign in again.", "刷新token无效,请重新登录。"),
        "refresh_token_expired" => ("The refresh token has expired. Sign in again.", "刷新token已过期,请重新登录。"),
        "refresh_token_reused" => (
            "The refresh token was used before, so its session was ended. Sign in again.",
            "刷新token已被使用过,会话已结束,请重新登录。",
        ),
        "session_ended" => ("The session has ended. Sign in again.", "会话已结束,请重新登录。"),
        "invalid_fields" => ("Some fields can't be taken; see errors.", "部分字段无效,详见errors。"),
        "malformed_request" => ("The request is not well formed.", "请求格式错误。"),
        "unsupported_media_type" => ("Send the body as application/json.", "请以application/json发送请求内容。"),
        "request_too_large" => ("The request is too large.", "请求过大。"),
        "not_found" => ("There is nothing at this path.", "该路径不存在。"),
        "misdirected_request" => ("This service has another address.", "该服务使用其他地址。"),
        "method_not_allowed" => ("This path has no such method; see Allow.", "该路径不支持此方法,参见Allow。"),
        "request_timeout" => ("The request took too long.", "请求超时。"),
        "user_not_found" => ("There is no such user.", "该用户不存在。"),
        "session_not_found" => ("There is no such session.", "该会话不存在。"),
        "role_not_found" => ("There is no such role.", "该角色不存在。"),
        "key_not_found" => ("There is no such key.", "该密钥不存在。"),
        "registration_closed" => {
            ("Registration is closed. Ask for an invitation.", "注册未开放,请联系管理员获取邀请。")
        }
        "invitation_invalid" => {
            ("The invitation is not valid any more. Ask for another.", "邀请无效或已过期,请重新获取。")
        }
        "invitation_not_found" => ("There is no such invitation.", "该邀请不存在。"),
        "code_invalid" => {
            ("The link or code is not valid any more. Ask for another.", "链接或验证码无效或已过期,请重新获取。")
        }
        "fresh_login_required" => {
            ("Sign in again, or send your password, to do this.", "请重新登录或输入密码后再执行此操作。")
        }
        "password_change_required" => ("Choose another password first.", "请先修改密码。"),
        "precondition_failed" => ("It has been changed meanwhile. Read it again.", "内容已被修改,请重新读取。"),
        "precondition_required" => ("Send If-Match with the ETag that you read.", "请携带If-Match请求头。"),
        "challenge_required" => ("Solve the challenge first.", "请先完成人机验证。"),
        "api_key_not_found" => ("There is no such API key.", "该API密钥不存在。"),
        "api_key_not_allowed" => ("This can not be done with an API key. Sign in.", "API密钥无权执行此操作,请登录。"),
        "api_key_limit" => ("There are too many API keys. Delete one first.", "API密钥数量已达上限,请先删除一个。"),
        "service_required" => {
            ("Only a service may call this. Send its API key.", "仅限服务调用,请提供该服务的API密钥。")
        }
        "role_taken" => ("There is a role of this name.", "该角色名已存在。"),
        "role_in_use" => {
            ("Users have this role. Take it from them first, or say to take it away.", "仍有用户拥有该角色,请先移除。")
        }
        "role_protected" => ("This role must stay.", "该角色不能删除或修改。"),
        "mail_not_found" => ("There is no such mail, or it was sent.", "该邮件不存在或已发送。"),
        "permission_required" => ("You may not do this.", "您无权执行此操作。"),
        "too_many_tries" => ("Too many tries. Wait before the next.", "尝试次数过多,请稍后再试。"),
        "no_rule" => ("No rule lets this through.", "没有允许该请求的规则。"),
        "path_ambiguous" => ("This path can be read in more than one way.", "该路径有歧义。"),
        "original_request_unclear" => {
            ("The proxy does not say clearly what was asked for.", "代理未明确说明原始请求。")
        }
        "proxy_not_trusted" => ("Only a trusted proxy may ask this.", "仅受信任的代理可以访问。"),
        "identity_header_from_outside" => {
            ("X-Doorward- headers are not yours to send.", "请求不得携带X-Doorward-请求头。")
        }
        "vetoed" => ("The application refused this.", "应用程序拒绝了该操作。"),
        "username_taken" => ("The user name is taken.", "该用户名已被使用。"),
        "email_taken" => ("The e-mail address is taken.", "该邮箱地址已被使用。"),
        "last_administrator" => ("The last administrator must stay.", "必须保留最后一位管理员。"),
        "busy" => ("Too many sign-ins at once. Try again soon.", "登录请求过多,请稍后再试。"),
        "unavailable" => ("This can't be done now. Try again soon.", "暂时无法处理,请稍后再试。"),
        _ => ("Something went wrong on our side.", "服务器内部错误。"),
    }
}

impl Words for FieldProblem {
    fn in_words(&self, language: Language) -> Cow<'static, str> {
        let chinese = language == Language::Chinese;
        let pick =
            |english: &'static str, in_chinese: &'static str| Cow::Borrowed(if chinese { in_chinese } else { english });
        match self {
            Self::Required => pick("This field is required.", "此字段必填。"),
            Self::WrongType { expected } if chinese => format!("此字段必须是{expected}。").into(),
            Self::WrongType { expected } => format!("This field must be a {expected}.").into(),
            Self::Unknown => pick("There is no such field.", "没有此字段。"),
            Self::Duplicate => pick("This field stands twice.", "此字段重复。"),
            Self::Empty => pick("This field must not be empty.", "此字段不能为空。"),
            Self::TooLong { most, unit } if chinese => format!("此字段最长{most} {unit}。").into(),
            Self::TooLong { most, unit } => format!("At most {most} {unit}.").into(),
            Self::TooShort { least, unit } if chinese => format!("此字段最短{least} {unit}。").into(),
            Self::TooShort { least, unit } => format!("At least {least} {unit}.").into(),
            Self::InvalidCharacters => {
                pick("This field holds a character that can't be used.", "此字段含有不可用的字符。")
            }
            Self::NotAnAddress => pick("This is not an e-mail address.", "这不是邮箱地址。"),
            Self::TooCommon => {
                pick("This password is among the most common ones. Choose another.", "该密码过于常见,请更换。")
            }
            Self::Breached => {
                pick("This password stands in a known breach. Choose another.", "该密码已在泄露数据中出现,请更换。")
            }
            Self::Guessable(advice) => {
                let (english, in_chinese) = advised(*advice);
                pick(english, in_chinese)
            }
            Self::Reserved => pick("This name is reserved.", "该名称为保留名称。"),
            Self::DomainNotAllowed => pick("Addresses of this domain can not register here.", "该邮箱域名不允许注册。"),
            Self::NotAllowed => pick("This value is not allowed.", "该值不被允许。"),
            Self::OutOfRange => pick("This number is out of range.", "该数值超出范围。"),
        }
    }
}

/// Why a password is easy to guess, and what to do about it.
fn advised(advice: Advice) -> (&'static str, &'static str) {
    match advice {
        Advice::NamesYou => (
            "This password is made of your name, your address or the name of this service. Use unrelated words.",
            "该密码由您的姓名、邮箱或本服务的名称组成,请使用无关的词。",
        ),
        Advice::LikeACommonOne => (
            "This password is too like a common one; replaced letters don't help. Use a few unrelated words.",
            "该密码与常见密码过于相似,替换字母没有帮助,请使用几个无关的词。",
        ),
        Advice::OneWord => (
            "A word or a name alone is easy to guess. Add a few unrelated words.",
            "单个词或姓名容易被猜到,请再加入几个无关的词。",
        ),
        Advice::KeyboardPattern => (
            "Keys side by side are easy to guess. Use a few unrelated words.",
            "键盘上相邻的按键容易被猜到,请使用几个无关的词。",
        ),
        Advice::Repeats => {
            ("Repeating adds little. Use a few unrelated words.", "重复的字符帮助不大,请使用几个无关的词。")
        }
        Advice::Sequence => (
            "Sequences such as abc or 6543 are easy to guess. Use a few unrelated words.",
            "abc或6543这样的序列容易被猜到,请使用几个无关的词。",
        ),
        Advice::Date => (
            "Dates and years are easy to guess. Use a few unrelated words.",
            "日期和年份容易被猜到,请使用几个无关的词。",
        ),
        Advice::TooLittle => (
            "This password is too easy to guess. Add a few unrelated words.",
            "该密码太容易被猜到,请加入一些无关的词。",
        ),
    }
}
