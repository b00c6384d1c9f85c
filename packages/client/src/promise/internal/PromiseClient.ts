/** The client with promises, on one runtime. */
import * as CallOptions from "@kimi-effect/core/CallOptions"
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import type { ChatResponse } from "@kimi-effect/core/ChatResponse"
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import { loadModule } from "@kimi-effect/core/internal/ModuleLoader"
import { unknownName } from "@kimi-effect/core/internal/OptionRules"
import { ClientClosedError } from "@kimi-effect/core/ResilienceErrors"
import { StreamTruncatedError } from "@kimi-effect/core/StreamErrors"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import * as StreamFold from "@kimi-effect/core/StreamFold"
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type * as StructuredOutput from "../../agent/StructuredOutput.ts"
import { KimiClient } from "../../KimiClient.ts"
import type { CallOptions as Options, EventIterator, Kimi, ResponseOptions } from "../Kimi.ts"
import { type Opening, OpenStream, type Stoppable } from "./OpenStream.ts"

const closedBefore = (): ClientClosedError =>
  new ClientClosedError({ message: "The client was closed before the call; nothing was sent" })

const closedDuring = (): ClientClosedError =>
  new ClientClosedError({ message: "The client was closed during the call" })

/** The options of a call that are set in its context; `undefined` when there are none. */
const contextOptions = (options: Options): CallOptions.Options | undefined => {
  const { signal: _signal, ...rest } = options
  return Object.values(rest).some((value) => value !== undefined) ? rest : undefined
}

const invalid = (parameter: string, expected: string): InvalidRequestError =>
  new InvalidRequestError({ message: `${parameter} must be ${expected}`, parameter })

const callNames: Readonly<Record<keyof Options, true>> = {
  signal: true,
  priority: true,
  tenant: true,
  job: true,
  agent: true,
  timeout: true,
  maxAttempts: true
}

const responseNames: Readonly<Record<keyof ResponseOptions, true>> = {
  ...callNames,
  format: true,
  headers: true,
  keepAlive: true,
  message: true,
  status: true
}

/** A misspelt option would have no effect. */
const nameIssue = (options: object, names: object): InvalidRequestError | undefined => {
  const unknown = unknownName(options, names)
  return unknown === undefined ? undefined : invalid(unknown[0], unknown[2])
}

/** What is wrong with the options of a call of a program in JavaScript. */
const optionsIssue = (options: unknown, names: object = callNames): InvalidRequestError | undefined => {
  if (options === undefined) return undefined
  if (!Predicate.isObject(options)) return invalid("The options of a call", "an object")
  const wrong = nameIssue(options, names)
  if (wrong !== undefined) return wrong
  const { signal } = options as Options
  return signal === undefined || signal instanceof AbortSignal ? undefined : invalid("signal", "an AbortSignal")
}

const formats: ReadonlySet<unknown> = new Set([undefined, "openai", "events"])

const responseIssue = (options: ResponseOptions | undefined): InvalidRequestError | undefined => {
  const issue = optionsIssue(options, responseNames)
  if (issue !== undefined || options === undefined) return issue
  const { format, keepAlive } = options
  if (!formats.has(format)) return invalid("format", '"openai" or "events"')
  return keepAlive === undefined || Option.isSome(Duration.fromInput(keepAlive))
    ? undefined
    : invalid("keepAlive", "a duration")
}

const isAborted = (signal: AbortSignal | undefined): boolean => signal?.aborted === true

const structuredOutput = loadModule(() => import("../../agent/StructuredOutput.ts"))
const agents = loadModule(() => import("./agents.ts"))
const eventStream = loadModule(() => import("../../EventStream.ts"))

/** Adds the response to an iterator of events. */
class Events extends OpenStream<StreamEvent> implements EventIterator {
  #fold = StreamFold.empty

  override async next(): Promise<IteratorResult<StreamEvent, undefined>> {
    const result = await super.next()
    if (result.done !== true) this.#fold = StreamFold.step(this.#fold, result.value)
    return result
  }

  async response(): Promise<ChatResponse> {
    while ((await this.next()).done !== true);
    const response = StreamFold.toResponse(this.#fold)
    if (Option.isSome(response)) return response.value
    throw new StreamTruncatedError({ message: "The stream was left before its end" })
  }
}

export class PromiseClient implements Kimi {
  readonly runtime: ManagedRuntime.ManagedRuntime<KimiClient, ConfigurationError>
  readonly #streams = new Set<Stoppable>()
  readonly #closing = new AbortController()

  constructor(layer: Layer.Layer<KimiClient, ConfigurationError>) {
    this.runtime = ManagedRuntime.make(layer)
  }

  readonly chat: Kimi["chat"] = (request, options) =>
    this.#run(
      KimiClient.use((client) => client.chat(request)),
      options
    )

  readonly stream: Kimi["stream"] = (request, options) =>
    new Events(this.#opening(() => this.#events(request, options), options))

  readonly streamResponse: Kimi["streamResponse"] = async (request, options) => {
    const issue = responseIssue(options)
    if (issue !== undefined) throw issue
    const { format = "openai", headers, keepAlive, message, signal, status, ...callOptions } = options ?? {}
    return this.#run(
      Effect.flatMap(eventStream, ({ events, openAiChunks, toResponse }) =>
        toResponse(this.#untilClosed(this.#events(request, callOptions)), format === "events" ? events : openAiChunks, {
          headers,
          keepAlive,
          message,
          status,
          signal
        })
      ),
      { signal }
    )
  }

  readonly object: Kimi["object"] = (request, options) =>
    this.#run(
      Effect.flatMap(structuredOutput, ({ generate }) => generate(request)),
      options
    )

  readonly objectStream: Kimi["objectStream"] = <S extends Schema.ConstraintDecoder<unknown>>(
    request: StructuredOutput.Options<S>,
    options?: Options
  ) => {
    const events = Stream.unwrap(Effect.map(structuredOutput, ({ stream }) => stream(request)))
    return this.#iterate<StructuredOutput.OutputEvent<S["Type"]>>(events, options)
  }

  readonly agent: Kimi["agent"] = (request, options) =>
    this.#run(
      Effect.flatMap(agents, ({ run }) => run(request)),
      options
    )

  readonly agentStream: Kimi["agentStream"] = (request, options) =>
    this.#iterate(Stream.unwrap(Effect.map(agents, ({ stream }) => stream(request))), options)

  readonly resumeAgent: Kimi["resumeAgent"] = (state, request, options) =>
    this.#run(
      Effect.flatMap(agents, ({ resume }) => resume(state, request)),
      options
    )

  readonly resumeAgentStream: Kimi["resumeAgentStream"] = (state, request, options) =>
    this.#iterate(Stream.unwrap(Effect.map(agents, ({ resumeStream }) => resumeStream(state, request))), options)

  readonly models: Kimi["models"] = (options) =>
    this.#run(
      KimiClient.use(({ models }) => models),
      options
    )

  readonly balance: Kimi["balance"] = (options) =>
    this.#run(
      KimiClient.use(({ balance }) => balance),
      options
    )

  readonly close: Kimi["close"] = async () => {
    this.#closing.abort(closedDuring())
    // What a stream reports while it closes goes to its reader; the runtime closes nevertheless.
    await Promise.allSettled(Array.from(this.#streams, (stream) => stream.stop(closedDuring())))
    await this.runtime.dispose()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  get #isClosed(): boolean {
    return this.#closing.signal.aborted
  }

  /** A stream that `close` stops, so that its reader gets the reason. Reads stay together. */
  #untilClosed<A>(events: Stream.Stream<A, unknown, KimiClient>): Stream.Stream<A, unknown> {
    return Stream.suspend(() => {
      const reads = this.#iterate(Stream.chunks(events), undefined)
      return Stream.flattenArray(Stream.fromAsyncIterable(reads, (error) => error))
    })
  }

  async #run<A>(call: Effect.Effect<A, unknown, KimiClient>, options: Options = {}): Promise<A> {
    const issue = optionsIssue(options)
    if (issue !== undefined) throw issue
    const { signal } = options
    if (isAborted(signal)) throw signal?.reason
    if (this.#isClosed) throw closedBefore()
    const values = contextOptions(options)
    const effect = values === undefined ? call : CallOptions.provide(values)(call)
    const exit = await this.runtime.runPromiseExit(effect, { signal })
    if (Exit.isSuccess(exit)) return exit.value
    if (Cause.hasInterruptsOnly(exit.cause)) {
      if (isAborted(signal)) throw signal?.reason
      if (this.#isClosed) throw closedDuring()
    }
    throw Cause.squash(exit.cause)
  }

  #events(request: ChatRequest, options: Options | undefined): Stream.Stream<StreamEvent, unknown, KimiClient> {
    const events = Stream.unwrap(KimiClient.useSync((client) => client.stream(request)))
    return this.#withOptions(events, options)
  }

  #iterate<A>(events: Stream.Stream<A, unknown, KimiClient>, options: Options | undefined): OpenStream<A> {
    return new OpenStream(this.#opening(() => this.#withOptions(events, options), options))
  }

  #withOptions<A>(
    events: Stream.Stream<A, unknown, KimiClient>,
    options: Options = {}
  ): Stream.Stream<A, unknown, KimiClient> {
    const values = contextOptions(options)
    return values === undefined ? events : CallOptions.provideStream(values)(events)
  }

  /** Opens a stream in the context of the runtime, which the first call builds. `close` stops what is open. */
  #opening<A>(events: () => Stream.Stream<A, unknown, KimiClient>, options: Options | undefined): Opening<A> {
    const issue = optionsIssue(options)
    return {
      signal: issue === undefined ? options?.signal : undefined,
      open: async (stream) => {
        if (issue !== undefined) throw issue
        if (this.#isClosed) throw closedBefore()
        this.#streams.add(stream)
        // An aborted reader does not wait until the client is built.
        const context = await this.runtime.runPromise(Effect.context<KimiClient>(), { signal: options?.signal })
        return Stream.toAsyncIterableWith(events(), context)[Symbol.asyncIterator]()
      },
      onEnd: (stream) => this.#streams.delete(stream)
    }
  }
}
