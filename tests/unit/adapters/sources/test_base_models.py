"""Base models: found where they are, described without torch, refused in one line."""

import json
import struct
from pathlib import Path
from typing import Any

import pytest

from brewslm.adapters.sources import hub
from brewslm.adapters.sources.base_models import LocalBaseModels
from brewslm.core.errors import BaseModelError

CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "hidden_size": 8,
    "num_hidden_layers": 2,
    "vocab_size": 100,
    "max_position_embeddings": 64,
}


def write_weights(path: Path, tensors: dict[str, tuple[str, list[int], int]], *, cut: int = 0) -> None:
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, (dtype, shape, size) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [end, end + size]}
        end += size
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"\0" * (end - cut))


def make(folder: Path, config: dict[str, Any] | None = None) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(CONFIG if config is None else config))
    (folder / "tokenizer.json").write_text("{}")
    write_weights(folder / "model.safetensors", {"a": ("BF16", [10, 8], 160), "b": ("F32", [3], 12)})
    return folder


def models(bundled: Path, **more: Any) -> LocalBaseModels:
    return LocalBaseModels(bundled, is_offline=True, **more)


def test_a_bundled_model_is_found_by_name(tmp_path: Path) -> None:
    make(tmp_path / "tiny-v1")
    assert models(tmp_path).locate("tiny-v1") == tmp_path / "tiny-v1"


def test_a_local_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make(tmp_path / "here" / "model")
    monkeypatch.chdir(tmp_path)
    for name in (str(folder), "here/model", "./here/model"):
        assert models(tmp_path / "none").locate(name) == folder


def test_facts_are_read_from_configuration_and_headers(tmp_path: Path) -> None:
    folder = make(tmp_path / "tiny-v1")
    (folder / "README.md").write_text("---\nlicense: apache-2.0\n---\n# Tiny\n")
    facts = models(tmp_path).facts("tiny-v1")
    assert (facts.num_parameters, facts.weight_bytes, facts.dtype) == (83, 172, "bfloat16")
    assert (facts.hidden_size, facts.num_layers, facts.vocab_size, facts.context_length) == (8, 2, 100, 64)
    assert (facts.name, facts.architecture, facts.licence) == ("tiny-v1", "LlamaForCausalLM", "apache-2.0")


def test_other_spellings_of_a_configuration(tmp_path: Path) -> None:
    gpt = {"model_type": "gpt2", "n_embd": 8, "n_layer": 2, "vocab_size": 9, "n_positions": 32}
    make(tmp_path / "gpt", gpt)
    make(tmp_path / "nested", {"architectures": ["X"], "text_config": CONFIG})
    assert models(tmp_path).facts("gpt").context_length == 32
    assert models(tmp_path).facts("gpt").architecture == "gpt2"
    assert models(tmp_path).facts("nested").hidden_size == 8


def test_weights_in_several_files(tmp_path: Path) -> None:
    folder = make(tmp_path / "tiny-v1")
    (folder / "model.safetensors").rename(folder / "model-1.safetensors")
    write_weights(folder / "model-2.safetensors", {"c": ("BF16", [5], 10)})
    index = {"weight_map": {"a": "model-1.safetensors", "b": "model-1.safetensors", "c": "model-2.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    assert models(tmp_path).facts("tiny-v1").num_parameters == 88
    (folder / "model-2.safetensors").unlink()
    with pytest.raises(BaseModelError, match="lacks the weight file"):
        models(tmp_path).facts("tiny-v1")


def test_the_bundled_model_of_the_package() -> None:
    facts = LocalBaseModels(is_offline=True).facts("brewslm-tiny-v1")
    assert facts.num_parameters > 1_000_000
    assert facts.context_length == 1024
    assert facts.weight_bytes <= (facts.folder / "model.safetensors").stat().st_size


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("config.json", r"lacks config\.json"),
        ("tokenizer.json", r"lacks tokenizer\.json"),
        ("model.safetensors", "lacks weights in safetensors format"),
    ],
)
def test_a_model_without_a_file_says_which(tmp_path: Path, file: str, words: str) -> None:
    folder = make(tmp_path / "here")
    (folder / file).unlink()
    with pytest.raises(BaseModelError, match=words):
        models(tmp_path / "none").locate(str(folder))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is no safetensors file"),
        (b"\xff" * 100, "is cut off"),
        (struct.pack("<Q", 4) + b"oops", "is no safetensors file"),
        (struct.pack("<Q", 2) + b"{}", "hold no tensor"),
        (struct.pack("<Q", 2) + b"[]", "hold no tensor"),
        (struct.pack("<Q", 10) + b'{"a": 123}', "is no safetensors file"),
    ],
)
def test_damaged_weights_say_so(tmp_path: Path, content: bytes, words: str) -> None:
    (make(tmp_path / "tiny-v1") / "model.safetensors").write_bytes(content)
    with pytest.raises(BaseModelError, match=words):
        models(tmp_path).facts("tiny-v1")


def test_weights_that_are_cut_off_say_so(tmp_path: Path) -> None:
    write_weights(make(tmp_path / "tiny-v1") / "model.safetensors", {"a": ("F32", [4], 16)}, cut=1)
    with pytest.raises(BaseModelError, match="is cut off"):
        models(tmp_path).facts("tiny-v1")


@pytest.mark.parametrize("config", [{}, {**CONFIG, "hidden_size": "8"}, {**CONFIG, "hidden_size": True}])
def test_a_configuration_without_a_value_says_which(tmp_path: Path, config: dict[str, Any]) -> None:
    make(tmp_path / "tiny-v1", config)
    with pytest.raises(BaseModelError, match="says nothing about 'hidden_size'"):
        models(tmp_path).facts("tiny-v1")


@pytest.mark.parametrize("name", ["", " ", "nope", "../nope", "/nope/x", "a/b/c", "x" * 5000, "a\0b", "~nobody-here/x"])
def test_an_unknown_name_is_refused_in_one_line(tmp_path: Path, name: str) -> None:
    make(tmp_path / "tiny-v1")
    with pytest.raises(BaseModelError, match=r"There is no base model .* \(tiny-v1\)"):
        models(tmp_path).locate(name)


def test_a_hub_id_is_asked_of_the_hub(tmp_path: Path) -> None:
    asked = []

    def download(name: str, *, is_offline: bool) -> Path:
        asked.append((name, is_offline))
        return make(tmp_path / "cache")

    assert models(tmp_path / "none", download=download).locate("owner/name@v1") == tmp_path / "cache"
    assert asked == [("owner/name@v1", True)]


def test_a_hub_model_that_is_not_here_says_so_when_offline(tmp_path: Path) -> None:
    with pytest.raises(BaseModelError, match="is not on this machine") as caught:
        hub.download_model("owner/no-such-model", is_offline=True, cache=tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("RepositoryNotFoundError", "There is no base model"),
        ("GatedRepoError", "is gated"),
        ("RevisionNotFoundError", "has no revision 'v9'"),
        ("LocalEntryNotFoundError", "cannot be reached"),
        ("HfHubHTTPError", "did not give"),
        ("OSError", "could not be got"),
        ("HTTPError", "The connection to huggingface.co broke"),
    ],
)
def test_what_the_hub_answers_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch, name: str, words: str) -> None:
    import httpx2
    import huggingface_hub
    from huggingface_hub import errors

    response = httpx2.Response(404, request=httpx2.Request("GET", "https://huggingface.co"))
    error: Exception
    if name == "OSError":
        error = OSError("broken pipe")
    elif name == "HTTPError":
        error = errors.HTTPError("no\nroute")
    elif name == "LocalEntryNotFoundError":
        error = errors.LocalEntryNotFoundError("not cached")
    else:
        error = getattr(errors, name)("no\nway", response=response)

    def refuse(*_: Any, **__: Any) -> str:
        raise error

    monkeypatch.setattr(huggingface_hub, "snapshot_download", refuse)
    with pytest.raises(BaseModelError, match=words) as caught:
        hub.download_model("owner/name@v9")
    assert "\n" not in str(caught.value)
