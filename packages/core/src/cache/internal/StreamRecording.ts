/**
 * How an answer came in: the sizes of its pieces and their times, from which
 * its events can be made again.
 *
 * @since 0.1.0
 */
import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { ChatResponse } from "../../models/ChatResponse.ts"
import type { StreamEvent } from "../../models/StreamEvent.ts"
import * as StreamFold from "../../models/StreamFold.ts"

/**
 * Five numbers for each piece, in their order: milliseconds since the stream
 * began, what it is of (0 reasoning, 1 text, 2 a tool call), which choice,
 * which call, and how many characters. After them, the milliseconds of the end.
 *
 * @category models
 * @since 0.1.0
 */
export type StreamRecording = ReadonlyArray<number>

const valuesPerDelta = 5

/**
 * Takes a recording while a stream passes.
 *
 * @category models
 * @since 0.1.0
 */
export class Recorder {
  private readonly startedAt: number
  private values: Array<number> = []

  constructor(beganAt: number) {
    this.startedAt = beganAt
  }

  add(event: StreamEvent, now: number): void {
    const at = Math.max(0, now - this.startedAt)
    switch (event._tag) {
      case "ReasoningDelta":
        this.values.push(at, 0, event.choice, 0, event.text.length)
        break
      case "TextDelta":
        this.values.push(at, 1, event.choice, 0, event.text.length)
        break
      case "ToolCallDelta":
        this.values.push(at, 2, event.choice, event.index, event.arguments.length)
        break
      case "Reset":
        this.values = []
        break
      case "Finish":
        this.values.push(at)
        break
      default:
    }
  }

  /** The recording of a stream that has ended. */
  get recording(): StreamRecording {
    return this.values
  }
}

/** The texts of an answer, each with how much of it has been played. */
class Player {
  private readonly offsets = new Map<string, number>()
  private readonly response: ChatResponse

  constructor(answer: ChatResponse) {
    this.response = answer
  }

  private take(name: string, text: string, length: number): string {
    const from = this.offsets.get(name) ?? 0
    this.offsets.set(name, from + length)
    return text.slice(from, from + length)
  }

  /** The next piece of a text; none when the recording is of another answer. */
  next(kind: number, choice: number, index: number, length: number): StreamEvent | undefined {
    const message = this.response.choices[choice]?.message
    if (message === undefined) return undefined
    if (kind === 0) {
      const text = this.take(`0 ${choice}`, message.reasoning_content ?? "", length)
      return text === "" ? undefined : { _tag: "ReasoningDelta", choice, text }
    }
    if (kind === 1) {
      const text = this.take(`1 ${choice}`, message.content, length)
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
      arguments: this.take(`2 ${choice} ${index}`, args, length)
    }
  }
}

interface Frame {
  readonly at: number
  readonly events: Array<StreamEvent>
}

const isDelta = ({ _tag }: StreamEvent): boolean =>
  _tag === "TextDelta" || _tag === "ReasoningDelta" || _tag === "ToolCallDelta"

const textLength = (event: StreamEvent): number =>
  event._tag === "TextDelta" || event._tag === "ReasoningDelta"
    ? event.text.length
    : event._tag === "ToolCallDelta"
      ? event.arguments.length
      : 0

/** What is heard at which time. A recording that does not fit the answer gives none. */
const makeFrames = (answer: ChatResponse, recording: StreamRecording): ReadonlyArray<Frame> | undefined => {
  const whole = StreamFold.toEvents(answer)
  const [start, ...rest] = whole
  const ends = rest.filter((event) => !isDelta(event))
  if (start === undefined) return undefined
  let frame: Frame = { at: 0, events: [start] }
  const frames = [frame]
  const play = (at: number, events: ReadonlyArray<StreamEvent>): void => {
    if (at > frame.at) {
      frame = { at, events: [] }
      frames.push(frame)
    }
    frame.events.push(...events)
  }
  const player = new Player(answer)
  let left = whole.reduce((sum, event) => sum + textLength(event), 0)
  for (let piece = 0; piece + valuesPerDelta <= recording.length; piece += valuesPerDelta) {
    const [at = 0, kind = 0, choice = 0, index = 0, length = 0] = recording.slice(piece, piece + valuesPerDelta)
    const event = player.next(kind, choice, index, length)
    if (event === undefined) continue
    left -= textLength(event)
    play(at, [event])
  }
  play(recording.at(-1) ?? 0, ends)
  return left === 0 ? frames : undefined
}

/**
 * The events of an answer, at the times at which they came when there is a
 * recording of it, else at once.
 *
 * @category conversions
 * @since 0.1.0
 */
export const replay = (answer: ChatResponse, recording: StreamRecording | undefined): Stream.Stream<StreamEvent> => {
  const frames = recording === undefined ? undefined : makeFrames(answer, recording)
  if (frames === undefined) return Stream.fromArray(StreamFold.toEvents(answer))
  return Stream.fromPull(
    Effect.map(Clock.Clock, (clock) => {
      const beganAt = clock.currentTimeMillisUnsafe()
      let next = 0
      return Effect.suspend(() => {
        const frame = frames[next]
        if (frame === undefined) return Cause.done()
        next += 1
        const wait = beganAt + frame.at - clock.currentTimeMillisUnsafe()
        const events = Arr.isArrayNonEmpty(frame.events) ? frame.events : undefined
        if (events === undefined) return Cause.done()
        return wait > 0 ? Effect.as(clock.sleep(Duration.millis(wait)), events) : Effect.succeed(events)
      })
    })
  )
}
