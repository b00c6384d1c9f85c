/** Finds secrets that are left in a redacted interaction. */
import * as Base64 from "effect/encoding/Base64"
import * as Result from "effect/Result"
import type { Body, Interaction } from "../../cassette/Interaction.ts"
import { eventText } from "./bodies.ts"
import * as BoundedJson from "./boundedJson.ts"
import * as MemberPath from "./memberPath.ts"
import type { Redactor } from "./Redactor.ts"

/** A text and where it is. */
interface Located {
  readonly text: string
  readonly place: string
}

const nameOfMember = "the name of a member"

/** Every string of a JSON value, also of JSON texts inside strings, and the names of members. */
function* strings(value: unknown, path: string): Generator<Located> {
  if (typeof value === "string") {
    yield { text: value, place: path }
    const inner = /^\s*[[{]/.test(value) ? BoundedJson.parse(value) : undefined
    if (inner !== undefined) yield* strings(inner.value, path)
  } else if (Array.isArray(value)) {
    for (const [index, inner] of value.entries()) yield* strings(inner, MemberPath.item(path, index))
  } else if (typeof value === "object" && value !== null) {
    for (const [name, inner] of Object.entries(value)) {
      yield { text: name, place: `${nameOfMember} of ${path}` }
      yield* strings(inner, MemberPath.member(path, name))
    }
  }
}

/** The strings at the same path of all events together: models emit long words in pieces. */
const joinedStrings = (events: ReadonlyArray<unknown>, path: string): ReadonlyArray<Located> => {
  const joined = new Map<string, string>()
  for (const event of events) {
    for (const { place, text } of strings(event, path)) {
      if (!place.startsWith(nameOfMember)) joined.set(place, (joined.get(place) ?? "") + text)
    }
  }
  return [...joined].flatMap(([place, text]) => [...strings(text, `${place}, over several events`)])
}

const dataOf = (text: string): { readonly value: unknown } | undefined =>
  BoundedJson.parse(text.replace(/^data: ?/, ""))

/** The texts of a body as they are read, without encodings. */
function* decodedTexts(body: Body, path: string): Generator<Located> {
  if ("json" in body) return yield* strings(body.json, path)
  if ("text" in body) {
    yield { text: body.text, place: path }
    // JSON is kept as text when its text cannot be made from the value.
    const parsed = BoundedJson.parse(body.text)
    if (parsed !== undefined) yield* strings(parsed.value, path)
    return
  }
  if ("base64" in body) {
    const bytes = Result.getOrElse(Base64.decode(body.base64), () => new Uint8Array())
    return yield { text: new TextDecoder("latin1").decode(bytes), place: path }
  }
  const texts = body.events.map(eventText)
  const values = texts.flatMap((text) => dataOf(text)?.value ?? [])
  for (const text of texts) if (dataOf(text) === undefined) yield { text, place: path }
  for (const value of values) yield* strings(value, path)
  yield* joinedStrings(values, path)
}

const headerTexts = (headers: { readonly [name: string]: string }, path: string): ReadonlyArray<Located> =>
  Object.entries(headers).flatMap(([name, value]) => [
    { text: name, place: `the name of a header of ${path}` },
    { text: value, place: MemberPath.member(path, `headers.${name}`) }
  ])

function* allTexts({ request, response }: Interaction): Generator<Located> {
  yield { text: request.method, place: "request.method" }
  yield { text: request.origin, place: "request.origin" }
  yield { text: request.path, place: "request.path" }
  if (request.query !== undefined) yield { text: request.query, place: "request.query" }
  yield* headerTexts(request.headers, "request")
  yield* headerTexts(response.headers, "response")
  if (request.body !== undefined) yield* decodedTexts(request.body, "request.body")
  if (response.body !== undefined) yield* decodedTexts(response.body, "response.body")
}

/** The raw texts of the events together: an event may end within a secret. */
const rawText = (body: Body | undefined): string =>
  body !== undefined && "events" in body ? body.events.map(eventText).join("") : ""

/** How the files of gzip and zstd begin, in base64. */
const compressedFile = /^(?:H4sI|KLUv\/)/

const isCompressedFile = (body: Body | undefined): boolean =>
  body !== undefined && "base64" in body && compressedFile.test(body.base64)

const isEncoded = ({ body, headers }: Interaction["response"]): boolean => {
  const encoding = headers["content-encoding"]?.trim().toLowerCase() ?? "identity"
  return body !== undefined && "base64" in body && encoding !== "identity"
}

/** The body that is compressed and cannot be searched. */
const compressedBody = ({ request, response }: Interaction): string | undefined => {
  if (isCompressedFile(request.body)) return "request.body"
  return isEncoded(response) || isCompressedFile(response.body) ? "response.body" : undefined
}

/** Where an interaction contains a secret, in words. */
export const findSecret = (interaction: Interaction, redactor: Redactor): string | undefined => {
  const compressed = compressedBody(interaction)
  if (compressed !== undefined) return `${compressed}, which is compressed and cannot be searched`
  for (const { place, text } of allTexts(interaction)) {
    if (redactor.finds(text)) return redactor.finds(place) ? nameOfMember : place
  }
  if (redactor.findsKnown(rawText(interaction.response.body))) return "response.body"
  return redactor.findsKnown(JSON.stringify(interaction)) ? "the recorded text" : undefined
}
