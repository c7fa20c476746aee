# SPDX-License-Identifier: Apache-2.0
"""vmlinux.py BZIMAGE VMLINUX: the kernel within a compressed image, which an emulated machine would take seconds to unpack."""

import lzma
import subprocess
import sys


def xz(data):
    try:
        return lzma.LZMADecompressor().decompress(data)
    except lzma.LZMAError:
        return b""


def lz4(data):
    # What follows the payload makes lz4 fail after it has written all of it.
    return subprocess.run(["lz4", "-dcq"], input=data, capture_output=True, check=False).stdout


FORMATS = ((b"\xfd7zXZ\0", xz), (b"\x02\x21\x4c\x18", lz4))


def main(source, target):
    with open(source, "rb") as file:
        image = file.read()
    for magic, unpack in FORMATS:
        place = image.find(magic)
        while place >= 0:
            kernel = unpack(image[place:])
            if kernel.startswith(b"\x7fELF"):
                with open(target, "wb") as file:
                    file.write(kernel)
                return
            place = image.find(magic, place + 1)
    sys.exit(f"{source}: no kernel is in it that is compressed with xz or lz4")


main(*sys.argv[1:])
