import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Base64 from "effect/encoding/Base64"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { runs, seedOf } from "../../../test/support/depth.ts"
import { ask, fileText, host, post, store, use } from "./support/cassettes.ts"

const canary = 'canary "7f3a\\9"'

/** Every encoding in which a reader of the file would recognize the canary. */
const forms = (secret: string): ReadonlyArray<string> => {
  const inJson = JSON.stringify(secret).slice(1, -1)
  return [secret, inJson, JSON.stringify(inJson).slice(1, -1), encodeURIComponent(secret), Base64.encode(secret)]
}

/** The strings of a JSON value, decoded as far as they can be, and joined by the place of those of a list. */
const stringsOf = (value: unknown): ReadonlyArray<string> => {
  if (typeof value === "string") {
    const inner = Result.getOrUndefined(Result.try((): unknown => JSON.parse(value)))
    const bytes = Result.getOrUndefined(Base64.decode(value))
    return [
      value,
      ...(typeof inner === "object" ? stringsOf(inner) : []),
      ...(bytes === undefined ? [] : [Buffer.from(bytes).toString("latin1")])
    ]
  }
  if (typeof value !== "object" || value === null) return []
  return Object.entries(value).flatMap(([name, inner]) => [name, ...stringsOf(inner)])
}

const assertAbsent = (text: string, secret: string): void => {
  for (const form of forms(secret)) assert.notInclude(text, form)
  if (text === "") return
  for (const found of stringsOf(JSON.parse(text))) assert.notInclude(found, secret)
}

/** URLs and UTF-8 cannot express lone surrogates. */
const Text = Schema.String.check(
  Schema.isMaxLength(20),
  Schema.makeFilter((text) => text.isWellFormed())
)
/** A text with the canary at a random position. */
const planted = (before: string, after: string): string => `${before}${canary}${after}`
const Location = Schema.Literals(["value", "name", "item", "arguments", "path", "query", "header", "text", "binary"])

const bodyAt = (place: typeof Location.Type, text: string): string => {
  switch (place) {
    case "name":
      return JSON.stringify({ [text]: 1 })
    case "item":
      return JSON.stringify([[{ a: [1, text] }]], undefined, 2)
    case "arguments":
      return JSON.stringify({ arguments: JSON.stringify({ key: text }) })
    case "text":
      return `Error: ${text}`
    default:
      return JSON.stringify({ value: text })
  }
}

const options = { arbitrary: { seed: seedOf("canaries"), runs: runs({ sample: 150, deep: 2_000 }) } }

describe("a canary", () => {
  it.effect.prop(
    "is written from no place of an exchange",
    { before: Text, after: Text, place: Location },
    ({ after, before, place }) =>
      Effect.gen(function* () {
        const text = planted(before, after)
        const { layer } = host(() =>
          place === "binary"
            ? new Response(Buffer.concat([Buffer.from([255]), Buffer.from(text)]))
            : new Response(bodyAt(place, text), {
                headers: place === "header" ? { "x-note": encodeURIComponent(text) } : {}
              })
        )
        const url = `https://host.example/v1/${place === "path" ? encodeURIComponent(text) : "a"}?q=${
          place === "query" ? encodeURIComponent(text) : ""
        }`
        yield* Effect.exit(
          ask({ text: place === "value" ? text : "", [place]: before }, { url }).pipe(
            use({ mode: "record", redact: { secrets: [canary] } }, layer)
          )
        )
        assertAbsent(yield* fileText, canary)
      }).pipe(store),
    options
  )

  it.effect.prop(
    "that is the key of a request is written nowhere",
    { key: Schema.String.check(Schema.isPattern(/^[!-~]{8,40}$/)), before: Text },
    ({ before, key }) =>
      Effect.gen(function* () {
        const { layer } = host(() => new Response(JSON.stringify({ error: `${before}${key}` })))
        yield* Effect.exit(
          ask({ note: `${key}${before}` }, { headers: { authorization: `Bearer ${key}` } }).pipe(
            use({ mode: "record" }, layer)
          )
        )
        assertAbsent(yield* fileText, key)
      }).pipe(store),
    options
  )

  it.effect.prop(
    "that a model emits in pieces is not written",
    { cuts: Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 14 }))), before: Text },
    ({ before, cuts }) =>
      Effect.gen(function* () {
        const text = planted(before, "")
        const ends = [...new Set(cuts.map((cut) => before.length + cut))].toSorted((a, b) => a - b)
        const pieces = [0, ...ends].map((start, index) => text.slice(start, ends[index]))
        const events = pieces.map((content) => `data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`)
        const { layer } = host(
          () => new Response(events.join(""), { headers: { "content-type": "text/event-stream" } })
        )
        yield* Effect.exit(
          Effect.flatMap(post({}), (response) => Stream.runDrain(response.stream)).pipe(
            use({ mode: "record", redact: { secrets: [canary] } }, layer)
          )
        )
        const file = yield* fileText
        assertAbsent(file, canary)
        const written = (file === "" ? [] : JSON.parse(file).interactions[0].response.body.events) as ReadonlyArray<{
          json: { choices: [{ delta: { content: string } }] }
        }>
        assert.notInclude(written.map(({ json }) => json.choices[0].delta.content).join(""), canary)
      }).pipe(store),
    options
  )
})
