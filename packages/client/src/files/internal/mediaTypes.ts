/** The formats of images and videos that Moonshot accepts, and how their bytes begin. Source: guide to vision models. */

/** Whether a medium is an image or a video. */
export type MediaKind = "image" | "video"

/** A format, with the media type of its `data:` URLs. */
export interface MediaType {
  readonly kind: MediaKind
  readonly mimeType: string
  /** Suffixes of file names, the usual one first. */
  readonly suffixes: ReadonlyArray<string>
}

const image = (name: string, ...suffixes: ReadonlyArray<string>): MediaType => ({
  kind: "image",
  mimeType: `image/${name}`,
  suffixes: suffixes.length === 0 ? [name] : suffixes
})
const video = (name: string, ...suffixes: ReadonlyArray<string>): MediaType => ({
  kind: "video",
  mimeType: `video/${name}`,
  suffixes: suffixes.length === 0 ? [name] : suffixes
})

const jpeg = image("jpeg", "jpg", "jpeg")
const png = image("png")
const gif = image("gif")
const webp = image("webp")
const bmp = image("bmp")
const heic = image("heic")
const heif = image("heif")
const mp4 = video("mp4", "mp4", "m4v")
const mpeg = video("mpeg", "mpeg", "mpg")
const mov = video("mov")
const avi = video("avi")
const flv = video("x-flv", "flv")
const webm = video("webm")
const wmv = video("wmv")
const threeGpp = video("3gpp", "3gp", "3gpp", "3g2")

/** Every format that the host accepts. */
export const mediaTypes: ReadonlyArray<MediaType> = [
  jpeg,
  png,
  gif,
  webp,
  bmp,
  heic,
  heif,
  mp4,
  mpeg,
  mov,
  avi,
  flv,
  webm,
  wmv,
  threeGpp
]

/** The names of the formats of a kind, to read. */
export const namesOf = (kind: MediaKind): string =>
  mediaTypes
    .filter((type) => type.kind === kind)
    .map(({ mimeType }) => mimeType.slice(kind.length + 1).replace("x-", ""))
    .join(", ")

/** The suffix of a file name, without its dot and in lower case; empty when it has none. */
export const suffixOf = (filename: string): string => /\.([^./\\]+)$/.exec(filename)?.[1]?.toLowerCase() ?? ""

/** The format that a file name stands for. */
export const fromFilename = (filename: string): MediaType | undefined => {
  const suffix = suffixOf(filename)
  return suffix === "" ? undefined : mediaTypes.find(({ suffixes }) => suffixes.includes(suffix))
}

/** The number of bytes from which a format is recognized. */
export const headSize = 64

const latin = (head: Uint8Array, from: number, to: number): string => String.fromCharCode(...head.subarray(from, to))

const startsWith = (head: Uint8Array, bytes: ReadonlyArray<number>): boolean =>
  head.length >= bytes.length && bytes.every((byte, index) => head[index] === byte)

const fixedStarts: ReadonlyArray<readonly [bytes: ReadonlyArray<number>, type: MediaType]> = [
  [[0xff, 0xd8, 0xff], jpeg],
  [[0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a], png],
  [[0x47, 0x49, 0x46, 0x38, 0x37, 0x61], gif],
  [[0x47, 0x49, 0x46, 0x38, 0x39, 0x61], gif],
  [[0x46, 0x4c, 0x56, 0x01], flv],
  [[0x00, 0x00, 0x01, 0xba], mpeg],
  [[0x00, 0x00, 0x01, 0xb3], mpeg],
  [[0x30, 0x26, 0xb2, 0x75, 0x8e, 0x66, 0xcf, 0x11], wmv]
]

const brandTypes: ReadonlyArray<readonly [brands: RegExp, type: MediaType]> = [
  [/^(?:hei[cxms]|hev[cxms])$/, heic],
  [/^(?:mif1|msf1|heif)$/, heif],
  [/^qt {2}$/, mov],
  [/^3g[2gpers]/, threeGpp],
  [/^(?:iso\w|mp4\d|avc1|M4V |M4VH|M4VP|MSNV|dash|mmp4|f4v |hvc1)$/, mp4]
]

/** The format of an ISO media file by its brand. AVIF has the brand of HEIF, and names itself among the compatible ones. */
const fromBrands = (head: Uint8Array): MediaType | undefined => {
  const brand = latin(head, 8, 12)
  const size = (head[2] ?? 0) * 256 + (head[3] ?? 0)
  const compatible = latin(head, 16, Math.min(size, headSize))
  if (/avi[fs]/.test(brand + compatible)) return undefined
  return brandTypes.find(([pattern]) => pattern.test(brand))?.[1]
}

/** A bitmap begins with two letters, so its reserved bytes are checked as well. */
const isBitmap = (head: Uint8Array): boolean =>
  head.length >= 14 && latin(head, 0, 2) === "BM" && latin(head, 6, 10) === "\0\0\0\0"

/** The format of a file from its first bytes; `undefined` when the host does not accept it. */
export const fromBytes = (bytes: Uint8Array): MediaType | undefined => {
  const head = bytes.subarray(0, headSize)
  const fixed = fixedStarts.find(([start]) => startsWith(head, start))
  if (fixed !== undefined) return fixed[1]
  const start = latin(head, 0, 4)
  const form = latin(head, 8, 12)
  if (start === "RIFF") return form === "WEBP" ? webp : form === "AVI " ? avi : undefined
  if (latin(head, 4, 8) === "ftyp") return fromBrands(head)
  // Matroska has the same start, and another document type.
  if (startsWith(head, [0x1a, 0x45, 0xdf, 0xa3])) return latin(head, 4, headSize).includes("webm") ? webm : undefined
  return isBitmap(head) ? bmp : undefined
}
