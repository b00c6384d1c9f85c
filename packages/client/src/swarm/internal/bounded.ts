/** Texts of a bounded size. */
const encoder = new TextEncoder()
const decoder = new TextDecoder()

export const byteLength = (text: string): number => encoder.encode(text).length

/** The first bytes of a text, without a part of a character, and a note if it was longer. */
export const bounded = (text: string, maxBytes: number): string => {
  const bytes = encoder.encode(text)
  if (bytes.length <= maxBytes) return text
  let end = maxBytes
  // Continuation bytes of UTF-8 begin with the bits 10.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--
  return `${decoder.decode(bytes.subarray(0, end))}\n[Truncated: ${end} of ${bytes.length} bytes are shown.]`
}
