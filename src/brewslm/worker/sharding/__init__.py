"""A model whose weights lie in shards, one in each process: fully sharded data parallelism (FSDP2).

Source: Zhao et al. 2023, arXiv:2304.11277, section 3. Each process keeps its part of every weight, gradient and moment.
The weights of a block are brought together for as long as the block computes, and its gradients are summed into the
shards after each backward pass. So all processes must make the same passes: `passes` sees to that.
"""
