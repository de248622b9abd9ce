"""The bill of materials: a CycloneDX 1.6 document of model, base model, data and files. It holds no times."""

import uuid

from brewslm.stages.export.facts import BundleFacts, FileSum

_NAMESPACE = uuid.UUID("6a0b3a57-6a43-5a53-9c0b-6c7c4f2c9a0e")
"""For serial numbers that follow from the content."""


def bill_of(facts: BundleFacts, sums: tuple[FileSum, ...]) -> dict[str, object]:
    """Write the bill of materials over the files that there are so far."""
    serial = uuid.uuid5(_NAMESPACE, "\n".join(f"{one.sha256}  {one.name}" for one in sums))
    final = facts.evaluation.final
    model: dict[str, object] = {
        "type": "machine-learning-model",
        "bom-ref": "model",
        "name": facts.project.name,
        "version": facts.adapter.id,
        "description": f"{facts.base.name}, fine-tuned",
        "modelCard": {
            "modelParameters": {
                "approach": {"type": "supervised"},
                "task": "text-generation",
                "architectureFamily": facts.base.model_type,
                "modelArchitecture": facts.base.architecture,
                "datasets": [{"ref": "data"}],
                "inputs": [{"format": "text"}],
                "outputs": [{"format": "text"}],
            },
            "quantitativeAnalysis": {
                "performanceMetrics": [
                    {
                        "type": "loss",
                        "value": f"{final.tuned:.6f}",
                        "slice": "test",
                        "confidenceInterval": {
                            "lowerBound": f"{final.base + final.interval.low:.6f}",
                            "upperBound": f"{final.base + final.interval.high:.6f}",
                        },
                    }
                ]
            },
        },
    }
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {
            "tools": {"components": [{"type": "application", "name": "BrewSLM", "version": facts.version}]},
            "component": model,
        },
        "components": [
            {
                "type": "machine-learning-model",
                "bom-ref": "base",
                "name": facts.base.name,
                **({"licenses": [{"license": {"name": facts.base.licence}}]} if facts.base.licence else {}),
            },
            _data(facts),
            *(
                {
                    "type": "file",
                    "bom-ref": f"file:{one.name}",
                    "name": one.name,
                    "hashes": [{"alg": "SHA-256", "content": one.sha256}],
                }
                for one in sums
            ),
        ],
        "dependencies": [{"ref": "model", "dependsOn": ["base", "data"]}],
    }


def _data(facts: BundleFacts) -> dict[str, object]:
    snapshot = facts.snapshot
    licence = snapshot.licence if snapshot is not None else None
    return {
        "type": "data",
        "bom-ref": "data",
        "name": snapshot.locator if snapshot is not None else facts.manifest.dataset_id,
        "version": facts.manifest.id,
        "data": [{"type": "dataset", "name": facts.manifest.dataset_id}],
        **({"licenses": [{"license": {"name": licence}}]} if licence else {}),
    }
