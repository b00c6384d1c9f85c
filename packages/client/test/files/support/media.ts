/** The first bytes of files of each format. */

const latin = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(text, (character) => character.charCodeAt(0))

const isoMedia = (brand: string, compatible = ""): Uint8Array<ArrayBuffer> =>
  latin(`\0\0\0${String.fromCharCode(16 + compatible.length)}ftyp${brand}\0\0\0\0${compatible}`)

export const accepted: Readonly<Record<string, readonly [mimeType: string, bytes: Uint8Array<ArrayBuffer>]>> = {
  "a jpeg": ["image/jpeg", latin("\xff\xd8\xff\xe0\0\x10JFIF\0")],
  "a png": ["image/png", latin("\x89PNG\r\n\x1a\n\0\0\0\rIHDR")],
  "a gif of 1987": ["image/gif", latin("GIF87a\x01\0\x01\0")],
  "a gif of 1989": ["image/gif", latin("GIF89a\x01\0\x01\0")],
  "a webp": ["image/webp", latin("RIFF\x24\0\0\0WEBPVP8 ")],
  "a bmp": ["image/bmp", latin("BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0")],
  "a heic": ["image/heic", isoMedia("heic", "mif1heic")],
  "a heif": ["image/heif", isoMedia("mif1", "mif1heic")],
  "an mp4": ["video/mp4", isoMedia("isom", "isomiso2avc1mp41")],
  "an mp4 of Apple": ["video/mp4", isoMedia("M4V ")],
  "a mov": ["video/mov", isoMedia("qt  ")],
  "a 3gp": ["video/3gpp", isoMedia("3gp5")],
  "an mpeg": ["video/mpeg", latin("\0\0\x01\xba\x44")],
  "an avi": ["video/avi", latin("RIFF\x24\0\0\0AVI LIST")],
  "an flv": ["video/x-flv", latin("FLV\x01\x05")],
  "a webm": ["video/webm", latin("\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm")],
  "a wmv": ["video/wmv", latin("\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9")]
}

export const refused: Readonly<Record<string, Uint8Array<ArrayBuffer>>> = {
  nothing: new Uint8Array(),
  "an svg": latin("<svg xmlns="),
  "a text": latin("Hello world, this is a text."),
  "a pdf": latin("%PDF-1.7\n"),
  "an avif": isoMedia("avif", "avifmif1"),
  "an avif with the brand of heif": isoMedia("mif1", "mif1avif"),
  "an audio file": isoMedia("M4A "),
  "a wav": latin("RIFF\x24\0\0\0WAVEfmt "),
  "a matroska video": latin("\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x88matroska"),
  "a text that begins with BM": latin("BMW and other makers of cars"),
  "a tiff": latin("II*\0"),
  "a png that is cut off": latin("\x89PNG")
}

/** A whole image: a png of one pixel. */
export const pixel = Uint8Array.from(
  atob("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="),
  (character) => character.charCodeAt(0)
)
