// SPDX-License-Identifier: Apache-2.0

// One at a time: namespaces share the host's two or three processors.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
