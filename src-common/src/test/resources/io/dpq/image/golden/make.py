"""Makes the pictures of this folder and, as .ppm beside each, what Pillow (libjpeg-turbo, libwebp, libtiff) decodes them to under
the decode contract: upright, 8-bit RGB, no colour profile applied, transparency on white, the first frame. Run with Pillow 11 or
newer and NumPy: python3 make.py"""
import glob
import os

import numpy
from PIL import Image, ImageOps

SIDE = 24
os.chdir(os.path.dirname(os.path.abspath(__file__)))
for old in glob.glob("*.*"):
    if not old.endswith(".py"):
        os.remove(old)

y, x = numpy.mgrid[0:SIDE, 0:SIDE]
rgb = numpy.stack([255 * x // (SIDE - 1), 255 * y // (SIDE - 1), 128 + 0 * x], axis=2).astype(numpy.uint8)
rgb[(x - 8) ** 2 + (y - 8) ** 2 < 30] = (30, 160, 60)
rgb[3:10, 14:22] = (240, 220, 40)
picture = Image.fromarray(rgb)
ramp = Image.fromarray((255 * x // (SIDE - 1)).astype(numpy.uint8))
clear = picture.copy()
clear.putalpha(ramp)
deep = Image.fromarray((65535 * x // (SIDE - 1)).astype(numpy.uint16))

picture.save("colour-420.jpg", quality=90, subsampling="4:2:0")
picture.save("colour-422.jpg", quality=90, subsampling="4:2:2")
picture.save("colour-444-progressive.jpg", quality=95, subsampling="4:4:4", progressive=True)
picture.convert("L").save("grey.jpg", quality=90)
picture.convert("CMYK").save("cmyk.jpg", quality=95, subsampling="4:4:4")
turned = Image.Exif()
turned[0x0112] = 6
picture.save("turned.jpg", quality=95, subsampling="4:4:4", exif=turned)
picture.save("colour.png")
picture.convert("L").save("grey.png")
clear.save("clear.png")
deep.save("deep-grey.png")
picture.quantize(16).save("palette.png")
picture.quantize(64).save("animated.gif", save_all=True, append_images=[ImageOps.invert(picture).quantize(64)])
picture.save("colour.bmp")
picture.save("lossless.webp", lossless=True)
# Smooth: at edges decoders interpolate the halved chroma in ways of their own, libwebp between samples, others not.
smooth = numpy.stack([100 + 50 * x // SIDE, 120 + 50 * y // SIDE, 130 + 0 * x], axis=2).astype(numpy.uint8)
Image.fromarray(smooth).save("lossy.webp", quality=90)
clear.save("clear.webp", lossless=True, exact=True)
picture.save("lzw.tif", compression="tiff_lzw")
picture.convert("L").save("grey-deflate.tif", compression="tiff_deflate")
clear.save("clear.tif")
other = ImageOps.invert(picture)
picture.save("animated.webp", save_all=True, append_images=[other], lossless=True)
picture.save("animated.png", save_all=True, append_images=[other])
picture.save("pages.tif", save_all=True, append_images=[other], compression="tiff_lzw")
clear.quantize(32, method=Image.Quantize.FASTOCTREE).save("clear-palette.png")
cut = picture.convert("RGBA")
cut.putalpha(ramp.point(lambda value: 255 if value > 100 else 0))
cut.save("clear.gif")

for name in sorted(glob.glob("*.*")):
    if name.endswith(".py"):
        continue
    with Image.open(name) as image:
        image.seek(0)
        image = ImageOps.exif_transpose(image)
        if image.mode.startswith("I"):
            samples = numpy.asarray(image).astype(numpy.int64)
            image = Image.fromarray(((samples * 255 + 32767) // 65535).astype(numpy.uint8))
        if image.mode == "CMYK":
            ink = 255 - numpy.asarray(image).astype(numpy.int64)
            image = Image.fromarray(((ink[:, :, :3] * ink[:, :, 3:] + 127) // 255).astype(numpy.uint8))
        if image.mode in ("RGBA", "PA") or "transparency" in image.info:
            samples = numpy.asarray(image.convert("RGBA")).astype(numpy.int64)
            alpha = samples[:, :, 3:]
            image = Image.fromarray(((samples[:, :, :3] * alpha + 127) // 255 + 255 - alpha).astype(numpy.uint8))
        image.convert("RGB").save(name + ".ppm")
