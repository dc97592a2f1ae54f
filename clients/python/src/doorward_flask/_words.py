"""What is said to people, in Doorward's own words: those of the Flask system where a client asks for no language."""

from typing import Final

#: What the Flask system says when no token came, and of every bad token.
FLASK_TOKEN_MISSING: Final = "缺少参数token"  # noqa: S105
FLASK_TOKEN_BAD: Final = "验证失败, 无效的token"  # noqa: S105

_WORDS: Final[dict[str, tuple[str, str]]] = {
    "token_missing": ("Sign in first: no token came with the request.", "请先登录:请求中没有token。"),
    "token_ambiguous": ("Several different tokens came with the request.", "请求中有多个不同的token。"),
    "token_malformed": ("This is not a token.", "token格式错误。"),
    "token_expired": ("The token has expired. Sign in again.", "token已过期,请重新登录。"),
    "token_not_yet_valid": ("The token is not valid yet. Check the clock.", "token尚未生效,请检查时钟。"),
    "token_revoked": ("The token has been ended. Sign in again.", "token已失效,请重新登录。"),
    "token_invalid": ("The token is not valid.", "无效的token。"),
    "guard_stale": ("Sign-ins can't be checked now. Try again soon.", "暂时无法验证登录,请稍后再试。"),
}


def denied(error: str, accept_language: str) -> str:
    """The message of a refusal."""
    language = _language(accept_language)
    if not language and error != "guard_stale":
        return FLASK_TOKEN_MISSING if error == "token_missing" else FLASK_TOKEN_BAD
    english, chinese = _WORDS[error]
    return chinese if language == "zh" else english


def role_required(role: str, accept_language: str) -> str:
    """The message for a user who lacks a role."""
    return f"需要角色 {role}" if _language(accept_language) == "zh" else f"This needs the role {role}."


def _language(accepted: str) -> str:
    """``zh`` or ``en``, whichever is wanted most (RFC 9110 §12.5.4); empty without the header."""
    best, spoken = 0.0, ""
    for part in accepted.split(",")[:32]:
        tag, *parameters = [piece.strip() for piece in part.split(";")]
        primary = tag.lower().partition("-")[0]
        language = {"zh": "zh", "en": "en", "*": "en"}.get(primary)
        if language is None:
            continue
        weight = _weight(parameters)
        if weight > best:
            best, spoken = weight, language
    if not spoken and accepted.strip():
        return "en"
    return spoken


def _weight(parameters: "list[str]") -> float:
    for parameter in parameters:
        if parameter.lower().startswith("q="):
            try:
                return min(max(float(parameter[2:]), 0.0), 1.0)
            except ValueError:
                pass
    return 1.0
