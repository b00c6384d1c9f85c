/**
 * The forms of the proxy of a client and of its extra headers. Both may hold
 * credentials, so neither is shown.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { type Decoded, type OptionForm, parsed } from "./OptionForm.ts"

/**
 * The proxy of a client: the one of the environment, none, or a URL, which may
 * hold credentials.
 *
 * @category models
 * @since 0.1.0
 */
export type Proxy = "environment" | "off" | Redacted.Redacted<string>

/**
 * The URL of a proxy without its credentials.
 *
 * @category redaction
 * @since 0.1.0
 */
export const redactedUrl = (url: string): string => {
  const parsed = URL.parse(url)
  if (parsed === null) return "not a URL"
  return `${parsed.protocol}//${parsed.username === "" && parsed.password === "" ? "" : "<redacted>@"}${parsed.host}`
}

const canDecode = (text: string): boolean => Result.isSuccess(Result.try(() => decodeURIComponent(text)))

/**
 * Whether a text is the http or https URL of a proxy.
 *
 * @category guards
 * @since 0.1.0
 */
export const isProxyUrl = (text: string): boolean => {
  const url = URL.parse(text)
  return (
    url !== null &&
    /^https?:\/\//i.test(text) &&
    url.hostname !== "" &&
    /^\/?$/.test(url.pathname) &&
    `${url.search}${url.hash}` === "" &&
    canDecode(url.username) &&
    canDecode(url.password)
  )
}

const proxyExpected = "an http or https URL without a path, environment or off"

const readProxy = (found: unknown): Decoded<Proxy> => {
  const text = Redacted.isRedacted(found) ? Redacted.value(found) : found
  if (text === false || text === "false" || text === "off") return Result.succeed("off")
  if (text === "environment") return Result.succeed("environment")
  return typeof text === "string" && isProxyUrl(text)
    ? Result.succeed(Redacted.make(text))
    : Result.fail([{ at: "", expected: proxyExpected }])
}

/**
 * @category forms
 * @since 0.1.0
 */
export const proxy: OptionForm<Proxy, Proxy | string | false> = parsed({
  expected: proxyExpected,
  parse: readProxy,
  format: (value) => (typeof value === "string" ? value : redactedUrl(Redacted.value(value)))
})

/**
 * Headers by their names in lower case.
 *
 * @category models
 * @since 0.1.0
 */
export type ExtraHeaders = Redacted.Redacted<{ readonly [name: string]: string }>

/** Headers of the library, of the connection and of its framing. */
const reserved: ReadonlySet<string> = new Set([
  "accept",
  "accept-encoding",
  "authorization",
  "connection",
  "content-encoding",
  "content-length",
  "content-type",
  "expect",
  "host",
  "http2-settings",
  "keep-alive",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade"
])

const headersExpected =
  "an object of at most 32 header names and texts of visible ASCII, without authorization, content-type, host and other headers of the connection"

const isName = (name: string): boolean => /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/.test(name)

const isValue = (value: unknown): value is string =>
  typeof value === "string" && value.length <= 4_096 && /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value)

const parseJson = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Unknown))

const failHeaders = (): Decoded<never> => Result.fail([{ at: "", expected: headersExpected }])

const readHeaders = (found: unknown): Decoded<ExtraHeaders> => {
  const given = Redacted.isRedacted(found) ? Redacted.value(found) : found
  const object = typeof given === "string" ? Option.getOrUndefined(parseJson(given)) : given
  if (typeof object !== "object" || object === null || Array.isArray(object)) return failHeaders()
  const entries = Object.entries(object)
  if (entries.length > 32) return failHeaders()
  const headers = new Map<string, string>()
  for (const [name, value] of entries) {
    const key = name.toLowerCase()
    if (!isName(name)) return failHeaders()
    if (reserved.has(key) || headers.has(key) || !isValue(value)) return failHeaders()
    headers.set(key, value)
  }
  return Result.succeed(Redacted.make(Object.fromEntries(headers)))
}

/**
 * @category forms
 * @since 0.1.0
 */
export const headers: OptionForm<ExtraHeaders, ExtraHeaders | { readonly [name: string]: string }> = parsed({
  expected: headersExpected,
  parse: readHeaders,
  format: (value) => Object.keys(Redacted.value(value)).join(", ") || "none"
})
