/** Reads a `multipart/form-data` body, as RFC 7578 describes it. */
import type { FormPart } from "../ReceivedRequest.ts"

const boundaryOf = (contentType: string): string | undefined => {
  const [, quoted, plain] = /^multipart\/form-data\b.*;\s*boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType) ?? []
  return quoted ?? plain
}

const headerEnd = Buffer.from("\r\n\r\n")

const unescape = (name: string): string =>
  name.replace(/%(22|0D|0A)/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))

const parameterOf = (headers: string, name: string): string | undefined => {
  const value = new RegExp(`^content-disposition:.*;\\s*${name}="([^"]*)"`, "im").exec(headers)?.[1]
  return value === undefined ? undefined : unescape(value)
}

const partOf = (section: Buffer): FormPart | undefined => {
  const end = section.indexOf(headerEnd)
  if (end < 0) return undefined
  const headers = section.subarray(0, end).toString("utf8")
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
export const parse = (contentType: string, body: Buffer): ReadonlyArray<FormPart> | undefined => {
  const boundary = boundaryOf(contentType)
  if (boundary === undefined) return undefined
  const delimiter = Buffer.from(`\r\n--${boundary}`)
  const parts: Array<FormPart> = []
  // The first delimiter has no line break before it.
  let at = body.indexOf(delimiter.subarray(2)) === 0 ? delimiter.length - 2 : -1
  while (at >= 0) {
    if (body.subarray(at, at + 2).toString("latin1") === "--") return parts
    const end = body.indexOf(delimiter, at)
    if (end < 0) return undefined
    const part = partOf(body.subarray(at + 2, end))
    if (part !== undefined) parts.push(part)
    at = end + delimiter.length
  }
  return undefined
}
