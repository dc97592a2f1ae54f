/// How a command ended, as its exit code tells. `docs/exit-codes.md` and `--help` list them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    Done = 0,
    Failed = 1,
    Usage = 2,
    Configuration = 3,
    NotFound = 4,
    Conflict = 5,
    Unavailable = 6,
    Faults = 7,
}

impl Exit {
    const ALL: [Self; 8] = [
        Self::Done,
        Self::Failed,
        Self::Usage,
        Self::Configuration,
        Self::NotFound,
        Self::Conflict,
        Self::Unavailable,
        Self::Faults,
    ];

    pub(crate) fn code(self) -> u8 {
        self as u8
    }

    fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Usage => "wrong usage",
            Self::Configuration => "configuration",
            Self::NotFound => "not found",
            Self::Conflict => "conflict",
            Self::Unavailable => "database unavailable",
            Self::Faults => "faults were found",
        }
    }
}

/// The line at the end of `--help`.
pub(crate) fn help() -> String {
    let codes: Vec<_> = Exit::ALL.iter().map(|exit| format!("{} {}", exit.code(), exit.meaning())).collect();
    format!("Exit codes: {}.", codes.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_documented() {
        let page = include_str!("../../../../docs/exit-codes.md");
        for exit in Exit::ALL {
            let row = format!("| {} | {} |", exit.code(), exit.meaning());
            assert!(page.contains(&row), "docs/exit-codes.md lacks: {row}");
        }
    }
}
