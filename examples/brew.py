"""A training as code: `brewslm start examples` runs it, `brewslm dev examples` shows it in the Studio."""

from brewslm import create_brew, create_trainer

PROMPTS = ["What is 7 plus 5?", "How do I keep bread fresh?"]


def on_log(event):
    if event.loss is None:  # it was not finite; no need to wait for the end
        trainer.cancel()
    elif event.step % 10 == 0:
        print(f"step {event.step} of {event.total_steps}: loss {event.loss:.3f}")


def on_checkpoint(checkpoint):
    print(f"checkpoint {checkpoint.step}: eval loss {checkpoint.eval_loss:.3f}")
    for prompt, answer in zip(PROMPTS, checkpoint.infer(PROMPTS, max_new_tokens=32)):
        print(f"  {prompt} -> {answer}")


def on_completed(event):
    print(f"{event.verdict}: {event.metrics['base_loss']:.3f} -> {event.metrics['tuned_loss']:.3f}, in {event.folder}")


def on_failed(event):
    print(f"{event.reason} at step {event.step}: {event.error}")


trainer = create_trainer(
    name="first-brew",
    dataset="sample:general-chat-v1",
    total_steps=40,
    learning_rate=2e-3,
    eval_every=20,
    checkpoint_every=20,
    on_log=on_log,
    on_checkpoint=on_checkpoint,
    on_completed=on_completed,
    on_failed=on_failed,
)
brew = create_brew(trainer=trainer)
