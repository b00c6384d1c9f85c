/** The calls of a cassette: the sizes and the pace of its chat completions. */
import * as CanonicalJson from "@kimi-effect/core/internal/CanonicalJson"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Body, Event, Interaction } from "../../cassette/Interaction.ts"
import * as SseText from "../../SseText.ts"
import type * as TypicalSizes from "./typicalSizes.ts"

const Count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))
const Usage = Schema.Struct({ prompt_tokens: Count, completion_tokens: Count })

const Request = Schema.Struct({
  model: Schema.NonEmptyString,
  stream: Schema.optionalKey(Schema.NullOr(Schema.Boolean)),
  max_completion_tokens: Schema.optionalKey(Schema.NullOr(Count))
})

/** Kimi sends the usage of a stream within its choice, and again at the top when the request asks for it. */
const Answer = Schema.Struct({
  usage: Schema.optionalKey(Schema.NullOr(Usage)),
  choices: Schema.optionalKey(
    Schema.Array(
      Schema.Struct({
        usage: Schema.optionalKey(Schema.NullOr(Usage)),
        delta: Schema.optionalKey(Schema.NullOr(Schema.Record(Schema.String, Schema.Unknown)))
      })
    )
  )
})

type Answer = typeof Answer.Type

const decodeRequest = Schema.decodeUnknownOption(Request)
const decodeAnswer = Schema.decodeUnknownOption(Answer)
const parseJson = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Unknown))

/** The generation of a response, in milliseconds. */
interface Pace {
  /** From the request to the first token. Absent for a whole response, whose tokens come together. */
  readonly firstToken: number | undefined
  /** From the first token, or for a whole response from the request, to the end. */
  readonly generation: number
}

/** One request with all responses that it had. */
export interface CassetteCall {
  readonly model: string
  readonly isStream: boolean
  readonly maxCompletionTokens: number | undefined
  /** Equal for equal requests, and without their content. */
  readonly prompt: string
  /** Absent when the response has no usage, because it failed or was not read to its end. */
  readonly sizes: TypicalSizes.Sizes | undefined
  /** Absent unless timing was recorded. */
  readonly pace: Pace | undefined
}

const jsonOf = (body: Body | undefined): unknown => {
  if (body === undefined) return undefined
  if ("json" in body) return body.json
  return "text" in body ? Option.getOrUndefined(parseJson(body.text)) : undefined
}

/** The data of an event as JSON; `undefined` for a comment or the end mark. */
const eventJson = (event: Event): unknown => {
  if ("json" in event) return event.json
  const data = "data" in event ? event.data : /^data: ?(.*)$/m.exec(event.raw)?.[1]
  return data === undefined ? undefined : Option.getOrUndefined(parseJson(data.trim()))
}

const usageOf = ({ choices = [], usage }: Answer): typeof Usage.Type | undefined =>
  usage ?? choices.findLast((choice) => choice.usage)?.usage ?? undefined

/** Whether an event has a part of the response; the first one has only the role and empty texts. */
const hasContent = ({ choices = [] }: Answer): boolean =>
  choices.some(({ delta }) => Object.entries(delta ?? {}).some(([name, value]) => name !== "role" && Boolean(value)))

interface ReadResponse {
  readonly usage: typeof Usage.Type | undefined
  readonly pace: Pace | undefined
}

const nothing: ReadResponse = { usage: undefined, pace: undefined }

/** Reads a stream, whose times are absent unless they were recorded. */
const readEvents = (events: ReadonlyArray<Event>, after: number | undefined): ReadResponse => {
  let usage: ReadResponse["usage"]
  let now = after ?? 0
  let firstToken: number | undefined
  for (const event of events) {
    now += event.after ?? 0
    const answer = Option.getOrUndefined(decodeAnswer(eventJson(event)))
    if (answer === undefined) continue
    usage = usageOf(answer) ?? usage
    if (firstToken === undefined && hasContent(answer)) firstToken = now
  }
  if (after === undefined || firstToken === undefined) return { usage, pace: undefined }
  return { usage, pace: { firstToken, generation: now - firstToken } }
}

/** The text of a stream whose content type was another one. */
const eventsOf = (body: Body | undefined): ReadonlyArray<Event> | undefined => {
  if (body === undefined) return undefined
  if ("events" in body) return body.events
  return "text" in body && body.text.startsWith("data:") ? SseText.split(body.text).map((raw) => ({ raw })) : undefined
}

const readResponse = ({ after, body, status }: Interaction["response"]): ReadResponse => {
  if (status !== 200) return nothing
  const events = eventsOf(body)
  if (events !== undefined) return readEvents(events, after)
  const usage = Option.getOrUndefined(Option.map(decodeAnswer(jsonOf(body)), usageOf))
  return { usage, pace: after === undefined ? undefined : { firstToken: undefined, generation: after } }
}

const isChat = ({ request: { method, path } }: Interaction): boolean =>
  method === "POST" && path.endsWith("/chat/completions")

/** One response to a chat request. */
interface ReadInteraction extends Omit<CassetteCall, "prompt"> {
  readonly identity: string
}

const readInteraction = ({ request, response }: Interaction): ReadonlyArray<ReadInteraction> => {
  const json = jsonOf(request.body)
  const decoded = Option.getOrUndefined(decodeRequest(json))
  if (decoded === undefined) return []
  const { pace, usage } = readResponse(response)
  return [
    {
      identity: CanonicalJson.stringify(json),
      model: decoded.model,
      isStream: decoded.stream === true,
      maxCompletionTokens: decoded.max_completion_tokens ?? undefined,
      sizes:
        usage === undefined ? undefined : { promptTokens: usage.prompt_tokens, outputTokens: usage.completion_tokens },
      pace: usage === undefined ? undefined : pace
    }
  ]
}

/**
 * The calls of a cassette, in its order. A cassette has attempts: those without
 * usage are part of the call that sent the same request and was answered, and
 * are one call where none was answered.
 */
export const read = (interactions: ReadonlyArray<Interaction>): ReadonlyArray<CassetteCall> => {
  const byRequest = Map.groupBy(interactions.filter(isChat).flatMap(readInteraction), ({ identity }) => identity)
  return [...byRequest.values()].flatMap((attempts, index) => {
    const answered = attempts.filter(({ sizes }) => sizes !== undefined)
    return (answered.length > 0 ? answered : attempts.slice(0, 1)).map(
      ({ isStream, maxCompletionTokens, model, pace, sizes }): CassetteCall => ({
        model,
        isStream,
        maxCompletionTokens,
        prompt: `#${index + 1}`,
        sizes,
        pace
      })
    )
  })
}
