/**
 * How a streamed response arrived: the sizes and times of its deltas, from which
 * its events can be replayed.
 *
 * @since 0.1.0
 */
import type * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as MonotonicClock from "../../internal/MonotonicClock.ts"
import type { ChatResponse } from "../../models/ChatResponse.ts"
import type { StreamEvent } from "../../models/StreamEvent.ts"
import * as StreamFold from "../../models/StreamFold.ts"

/**
 * Five numbers for each delta, in order: milliseconds since the start of the
 * stream, its kind (0 reasoning, 1 text, 2 a tool call), the index of its choice,
 * the index of its tool call, and its number of characters. After them, the
 * milliseconds of the end.
 *
 * @category models
 * @since 0.1.0
 */
export type StreamRecording = ReadonlyArray<number>

const valuesPerDelta = 5

/**
 * Records a stream while it passes.
 *
 * @category models
 * @since 0.1.0
 */
export class Recorder {
  readonly #startedAt: number
  #values: Array<number> = []

  constructor(startedAt: number) {
    this.#startedAt = startedAt
  }

  add(event: StreamEvent, now: number): void {
    const at = Math.max(0, now - this.#startedAt)
    switch (event._tag) {
      case "ReasoningDelta":
        this.#values.push(at, 0, event.choice, 0, event.text.length)
        break
      case "TextDelta":
        this.#values.push(at, 1, event.choice, 0, event.text.length)
        break
      case "ToolCallDelta":
        this.#values.push(at, 2, event.choice, event.index, event.arguments.length)
        break
      case "Reset":
        this.#values = []
        break
      case "Finish":
        this.#values.push(at)
        break
      default:
    }
  }

  /** The recording of a stream that has ended. */
  get recording(): StreamRecording {
    return this.#values
  }
}

/** The texts of a response, each with how much of it has been replayed. */
class Player {
  readonly #offsets = new Map<string, number>()
  readonly #response: ChatResponse

  constructor(response: ChatResponse) {
    this.#response = response
  }

  #take(name: string, text: string, length: number): string {
    const from = this.#offsets.get(name) ?? 0
    this.#offsets.set(name, from + length)
    return text.slice(from, from + length)
  }

  /** The next delta of a text; none if the recording belongs to another response. */
  next(kind: number, choice: number, index: number, length: number): StreamEvent | undefined {
    const message = this.#response.choices[choice]?.message
    if (message === undefined) return undefined
    if (kind === 0) {
      const text = this.#take(`0 ${choice}`, message.reasoning_content ?? "", length)
      return text === "" ? undefined : { _tag: "ReasoningDelta", choice, text }
    }
    if (kind === 1) {
      const text = this.#take(`1 ${choice}`, message.content, length)
      return text === "" ? undefined : { _tag: "TextDelta", choice, text }
    }
    const call = message.tool_calls?.[index]
    if (call === undefined) return undefined
    const { id } = call
    const { arguments: args, name } = call.function
    return {
      _tag: "ToolCallDelta",
      choice,
      index,
      id,
      name,
      arguments: this.#take(`2 ${choice} ${index}`, args, length)
    }
  }
}

interface Frame {
  readonly at: number
  readonly events: Arr.NonEmptyArray<StreamEvent>
}

const isDelta = ({ _tag }: StreamEvent): boolean =>
  _tag === "TextDelta" || _tag === "ReasoningDelta" || _tag === "ToolCallDelta"

const textLength = (event: StreamEvent): number => {
  switch (event._tag) {
    case "TextDelta":
    case "ReasoningDelta":
      return event.text.length
    case "ToolCallDelta":
      return event.arguments.length
    default:
      return 0
  }
}

/** The events by their times; none if the recording does not fit the response. */
const makeFrames = (response: ChatResponse, recording: StreamRecording): ReadonlyArray<Frame> | undefined => {
  const whole = StreamFold.toEvents(response)
  const [start, ...rest] = whole
  const ends = rest.filter((event) => !isDelta(event))
  if (start === undefined) return undefined
  let frame: Frame = { at: 0, events: [start] }
  const frames = [frame]
  const play = (at: number, event: StreamEvent): void => {
    if (at > frame.at) {
      frame = { at, events: [event] }
      frames.push(frame)
    } else {
      frame.events.push(event)
    }
  }
  const player = new Player(response)
  let remaining = whole.reduce((sum, event) => sum + textLength(event), 0)
  for (let start = 0; start + valuesPerDelta <= recording.length; start += valuesPerDelta) {
    const [at = 0, kind = 0, choice = 0, index = 0, length = 0] = recording.slice(start, start + valuesPerDelta)
    const event = player.next(kind, choice, index, length)
    if (event === undefined) continue
    remaining -= textLength(event)
    play(at, event)
  }
  const endedAt = recording.at(-1) ?? 0
  for (const event of ends) play(endedAt, event)
  return remaining === 0 ? frames : undefined
}

/**
 * The events of a response: at the times at which they arrived if there is a
 * recording, otherwise at once.
 *
 * @category conversions
 * @since 0.1.0
 */
export const replay = (response: ChatResponse, recording: StreamRecording | undefined): Stream.Stream<StreamEvent> => {
  const frames = recording === undefined ? undefined : makeFrames(response, recording)
  if (frames === undefined) return Stream.fromArray(StreamFold.toEvents(response))
  return Stream.fromPull(
    Effect.map(Clock.Clock, (clock) => {
      const startedAt = MonotonicClock.millisUnsafe(clock)
      let next = 0
      return Effect.suspend(() => {
        const frame = frames[next]
        if (frame === undefined) return Cause.done()
        next += 1
        const at = startedAt + frame.at
        return MonotonicClock.millisUnsafe(clock) >= at
          ? Effect.succeed(frame.events)
          : Effect.as(MonotonicClock.sleepUntil(clock, at), frame.events)
      })
    })
  )
}
