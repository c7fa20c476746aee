// SPDX-License-Identifier: Apache-2.0

// One at a time: they share a machine.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
