// SPDX-License-Identifier: Apache-2.0
using System.Runtime.CompilerServices;

// Every import is blittable, so calls compile to direct calls, ahead of time too.
[assembly: DisableRuntimeMarshalling]
