import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from pretrain.export import llama_config  # noqa: E402 - after the skip
from pretrain.llama import Llama, ModelShape, rotary_tables  # noqa: E402 - after the skip


def test_the_training_model_computes_the_same_loss_as_transformers() -> None:
    shape = ModelShape(vocabulary_size=64, hidden_size=32, intermediate_size=48, num_layers=2)
    model = Llama(shape)
    model.initialise(generator=torch.Generator().manual_seed(0))
    for weight in model.parameters():
        weight.data.mul_(5.0)
    reference = transformers.LlamaForCausalLM(llama_config(shape)).to(torch.float32)
    state = {f"model.{name}": weight for name, weight in model.state_dict().items()}
    reference.load_state_dict(state, strict=False)
    reference.tie_weights()
    ids = torch.randint(0, 64, (2, 17), generator=torch.Generator().manual_seed(1))
    rotary = rotary_tables(16, shape, device=ids.device)
    loss = model(ids[:, :-1], ids[:, 1:], *rotary).mean()
    torch.testing.assert_close(loss, reference(ids, labels=ids).loss, rtol=1e-5, atol=1e-5)
