use super::{CommandError, Context, Outcome};

pub(super) async fn run(context: Context) -> Outcome {
    let doorward = context.open().await?;
    doorward.close().await;
    Err(CommandError::failed("not built yet"))
}
