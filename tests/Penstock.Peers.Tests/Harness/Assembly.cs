// SPDX-License-Identifier: Apache-2.0

// One at a time: the tests measure latency and load the machine.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
