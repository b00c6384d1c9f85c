/** Reads a `multipart/form-data` body, as RFC 7578 describes it. */
import type { FormPart } from "./FormPart.ts"

const boundaryOf = (contentType: string): string | undefined => {
  const [, quoted, plain] = /^multipart\/form-data\b.*;\s*boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType) ?? []
  return quoted ?? plain
}

/** One character for each byte, so that a position in the text is one in the bytes. */
const toText = (bytes: Uint8Array): string => new TextDecoder("latin1").decode(bytes)

const headerEnd = "\r\n\r\n"

const unescape = (name: string): string =>
  name.replace(/%(22|0D|0A)/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))

const parameterOf = (headers: string, name: string): string | undefined => {
  const value = new RegExp(`^content-disposition:.*;\\s*${name}="([^"]*)"`, "im").exec(headers)?.[1]
  return value === undefined ? undefined : unescape(value)
}

const partOf = (section: Uint8Array, text: string): FormPart | undefined => {
  const end = text.indexOf(headerEnd)
  if (end < 0) return undefined
  const headers = new TextDecoder().decode(section.subarray(0, end))
  const name = parameterOf(headers, "name")
  if (name === undefined) return undefined
  const filename = parameterOf(headers, "filename")
  const contentType = /^content-type:\s*(.+?)\s*$/im.exec(headers)?.[1]
  return {
    name,
    ...(filename === undefined ? {} : { filename }),
    ...(contentType === undefined ? {} : { contentType }),
    bytes: section.subarray(end + headerEnd.length)
  }
}

/** The parts of a form, or `undefined` when the body is not one. A form that is cut off is none. */
export const parse = (contentType: string, body: Uint8Array): ReadonlyArray<FormPart> | undefined => {
  const boundary = boundaryOf(contentType)
  if (boundary === undefined) return undefined
  const text = toText(body)
  const delimiter = `\r\n--${boundary}`
  const parts: Array<FormPart> = []
  // The first delimiter has no line break before it.
  let at = text.startsWith(delimiter.slice(2)) ? delimiter.length - 2 : -1
  while (at >= 0) {
    if (text.startsWith("--", at)) return parts
    const end = text.indexOf(delimiter, at)
    if (end < 0) return undefined
    const part = partOf(body.subarray(at + 2, end), text.slice(at + 2, end))
    if (part !== undefined) parts.push(part)
    at = end + delimiter.length
  }
  return undefined
}
