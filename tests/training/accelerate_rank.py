"""One rank of a run under accelerate: reads an epoch, is cut off in the next, resumes, and writes down what it got."""

from __future__ import annotations

import json
import sys

import torch
from accelerate import Accelerator, DataLoaderConfiguration
from handoff_samples import ask
from torch.utils.data import DataLoader

import provenance


def row_of(sample: dict[str, object]) -> object:
    return sample["row"]


def main() -> None:
    dataset, out, receipt = sys.argv[1:]
    accelerator = Accelerator(cpu=True, dataloader_config=DataLoaderConfiguration(use_seedable_sampler=True))
    admission = provenance.admit(dataset, ask(), under="lantern/", kinds=["art"], receipt=receipt)
    loader = DataLoader(admission.torch(transform=row_of), batch_size=2, shuffle=True, num_workers=1)
    torch.manual_seed(11)
    loader = accelerator.prepare(loader)
    whole = [row for batch in loader for row in batch.tolist()]
    loader.set_epoch(1)
    begun = [row for _, batch in zip(range(2), loader, strict=False) for row in batch.tolist()]
    loader.set_epoch(1)
    rest = [row for batch in accelerator.skip_first_batches(loader, 2) for row in batch.tolist()]
    accelerator.wait_for_everyone()
    if accelerator.is_main_process:
        admission.write_receipt(receipt)
    with open(f"{out}.{accelerator.process_index}", "w") as file:
        json.dump({"whole": whole, "resumed": begun + rest}, file)
    accelerator.end_training()


if __name__ == "__main__":
    main()
