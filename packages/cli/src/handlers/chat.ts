/** One response, or a conversation. */
import * as Conversation from "@kimi-effect/client/agent/Conversation"
import type * as ToolSet from "@kimi-effect/client/agent/ToolSet"
import { KimiClient } from "@kimi-effect/client/KimiClient"
import * as Files from "@kimi-effect/client/node/Files"
import * as Media from "@kimi-effect/client/node/Media"
import type { ChatResponse } from "@kimi-effect/core/ChatResponse"
import * as Cost from "@kimi-effect/core/Cost"
import { counted } from "@kimi-effect/core/internal/Counted"
import { loadModule } from "@kimi-effect/core/internal/ModuleLoader"
import type { KimiError } from "@kimi-effect/core/KimiError"
import { StreamTruncatedError } from "@kimi-effect/core/StreamErrors"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import * as StreamFold from "@kimi-effect/core/StreamFold"
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Terminal from "effect/Terminal"
import * as ChatHistory from "../chatHistory.ts"
import * as ChatLoop from "../chatLoop.ts"
import { ChatSpending } from "../chatSpending.ts"
import * as ChatTerminal from "../chatTerminal.ts"
import * as client from "../client.ts"
import { wrongFlag } from "../commandError.ts"
import { HintedError } from "../hintedError.ts"
import { commandFor } from "../historyFile.ts"
import { hintOf, messageOf } from "../hints.ts"
import * as InputFile from "../inputFile.ts"
import { readText } from "../input.ts"
import * as Interruption from "../interruption.ts"
import { wrongServer } from "../mcpServer.ts"
import { type Given, isGiven } from "../optionFlags.ts"
import { nextCommand } from "../nextCommand.ts"
import * as OpenLine from "../openLine.ts"
import * as Output from "../output.ts"
import * as RetryNote from "../retryNote.ts"
import type { Chat } from "../schemas/chat.ts"
import * as ToolCalls from "../toolCalls.ts"
import * as UploadNote from "../uploadNote.ts"

interface Input {
  readonly prompt: ReadonlyArray<string>
  readonly system: Option.Option<string>
  readonly image: ReadonlyArray<string>
  readonly file: ReadonlyArray<string>
  readonly effort: Option.Option<string>
  readonly maxTokens: Option.Option<number>
  readonly stream: Option.Option<boolean>
  readonly history: Option.Option<string>
  readonly mcp: ReadonlyArray<string>
  readonly yes: boolean
  readonly json: boolean
  readonly options: Given
}

/** Writes the events of a stream as they arrive, and returns the response. */
const streamed = (isJson: boolean) =>
  Effect.fnUntraced(function* <E, R>(events: Stream.Stream<StreamEvent, E, R>) {
    let fold = StreamFold.empty
    let last = ""
    const endLine = Effect.suspend(() => (last === "" || last.endsWith("\n") ? Effect.void : OpenLine.end))
    const write = Effect.fnUntraced(function* (event: StreamEvent) {
      fold = StreamFold.step(fold, event)
      if (isJson) return yield* Output.json(event)
      if (event._tag === "TextDelta") {
        const text = Output.plain(event.text)
        last = text === "" ? last : text
        return yield* Output.print(text)
      }
      if (event._tag !== "Reset") return
      yield* endLine
      last = ""
      yield* Output.note("The connection broke; the response starts again.")
    })
    yield* Effect.tapError(Stream.runForEach(events, write), () => endLine)
    const response = StreamFold.toResponse(fold)
    if (Option.isSome(response)) return response.value
    yield* endLine
    return yield* new StreamTruncatedError({
      message: "The stream ended without its end",
      partial: StreamFold.toPartial(fold)
    })
  })

const resultOf = (response: ChatResponse, { cost, usage }: ChatSpending): Chat => ({
  id: response.id,
  model: response.model,
  ...(response.provider === undefined ? {} : { provider: response.provider }),
  text: response.text,
  reasoning: response.reasoning,
  toolCalls: response.toolCalls,
  finishReason: response.finishReason,
  ...(usage === undefined ? {} : { usage }),
  ...(Option.isNone(cost) ? {} : { cost: Cost.format(cost.value) })
})

/** Tokens and cost, for a person. */
const summaryOf = ({ finishReason }: ChatResponse, { cost, usage }: ChatSpending): string =>
  [
    ...(usage === undefined ? [] : [`${usage.prompt_tokens} + ${counted(usage.completion_tokens, "token")}`]),
    ...(Option.isNone(cost) ? [] : [Cost.format(cost.value)]),
    ...(finishReason === "stop" ? [] : [`ended by ${finishReason}`])
  ].join(", ")

/** The tools of a chat, and who approves their calls. */
interface Tools {
  readonly set: ToolSet.ToolSet
  readonly approval: ToolCalls.Approval
}

/** What the flags add to a request. */
const membersOf = ({ effort, maxTokens }: Input, tools: Tools | undefined) => ({
  ...(Option.isNone(effort) ? {} : { reasoning_effort: effort.value }),
  ...(Option.isNone(maxTokens) ? {} : { max_completion_tokens: maxTokens.value }),
  ...(tools === undefined ? {} : { tools: tools.set.definitions })
})

/** The flags, and how a conversation is kept after a turn. */
interface TurnInput extends Input {
  readonly keep: ChatHistory.Kept["keep"]
}

/** Asks for one response to a conversation, and writes it. */
const turn = Effect.fnUntraced(function* (
  input: TurnInput,
  conversation: Conversation.Ready,
  tools: Tools | undefined,
  spending: ChatSpending
) {
  const kimi = yield* KimiClient
  const { canAnimate } = yield* TerminalCapabilities.TerminalCapabilities
  const request = yield* Conversation.request(membersOf(input, tools))(conversation)
  const isStream = Option.getOrElse(input.stream, () => canAnimate && !input.json)
  const call = isStream ? streamed(input.json)(kimi.stream(request)) : kimi.chat(request)
  const response = yield* spending.of(call)
  const next = Conversation.add(response)(conversation)
  const isDone = tools === undefined || next.state === "ready"
  const show = Effect.gen(function* () {
    if (input.json) {
      // A turn whose tools run has no document: the last turn is the result.
      if (!isStream && isDone) yield* Output.json(resultOf(response, spending))
      return
    }
    if (isDone || response.text !== "") yield* Output.print(isStream ? "\n" : `${Output.plain(response.text)}\n`)
    if (canAnimate && isDone) yield* Output.note(summaryOf(response, spending))
  })
  // A chat that ends while tools run continues from its last complete turn.
  if (next.state !== "ready") return yield* Effect.as(show, next)
  // A response that cannot be shown, as on a full disk, is paid.
  yield* Effect.onInterrupt(show, () => Effect.ignore(input.keep(next)))
  return yield* input.keep(next)
})

/** Asks for responses to a conversation, and runs tools until there is one without calls. */
const turns = Effect.fnUntraced(function* (
  input: TurnInput,
  conversation: Conversation.Ready,
  tools: Tools | undefined,
  spending: ChatSpending
) {
  let next = yield* turn(input, conversation, tools, spending)
  if (tools === undefined) return next
  for (let round = 0; next.state === "calling"; round++) {
    if (round === ToolCalls.maxRounds) return yield* Effect.fail(ToolCalls.tooManyRounds)
    const answered = yield* ToolCalls.runCalls(tools.set, tools.approval)(next)
    next = yield* turn(input, answered, tools, spending)
  }
  return next
})

/** The response to a conversation. Its failure names what the calls before have cost. */
const respond = (input: TurnInput, conversation: Conversation.Ready, tools: Tools | undefined) =>
  Effect.suspend(() => {
    const spending = new ChatSpending()
    return spending.namedIn(turns(input, conversation, tools, spending))
  })

/** Names the file in what is wrong with its content. Other errors, such as those of the network, are not those of one file. */
const named = <A, E extends KimiError, R>(path: string, content: Effect.Effect<A, E, R>) =>
  Effect.mapError(content, (error) =>
    error.category === "validation" && !error.message.includes(path)
      ? new HintedError(error, hintOf(error, "chat"), `${path}: ${messageOf(error)}`)
      : error
  )

/** The text of a document, which the host does not keep. */
const documentText = (path: string, options: Given, isEchoed: boolean) =>
  Effect.gen(function* () {
    const files = yield* Files.Files
    const content = yield* Files.open(path)
    let sent = 0
    const onProgress = (progress: Files.Progress) =>
      Effect.sync(() => {
        sent = progress.sent
      })
    const { name, size } = content
    // An upload may take minutes: Ctrl-C ends it.
    const { id } = yield* Effect.acquireRelease(
      files
        .upload({ purpose: "file-extract", content, onProgress })
        .pipe(UploadNote.atInterrupt({ name, size, sent: () => sent, isEchoed, options })),
      ({ id }) => Effect.ignore(files.delete(id, { ignoreMissing: true })),
      { interruptible: true }
    )
    yield* files.awaitReady(id)
    return yield* files.text(id)
  }).pipe(Effect.scoped)

/** A conversation that ends with the prompt, its documents before it and its images in it. */
const ask = Effect.fnUntraced(function* (
  input: Input,
  history: ChatHistory.History,
  text: string,
  // While keys are read, the terminal shows none.
  isEchoed = false
) {
  const documents = yield* Effect.forEach(input.file, (path) =>
    named(path, documentText(path, input.options, isEchoed))
  )
  const images = yield* Effect.forEach(input.image, (path) => named(path, Media.fromPath(path)))
  const before = documents.reduce<ChatHistory.History>(
    (conversation, document) => Conversation.system(document)(conversation),
    history
  )
  return Conversation.user(images.length === 0 ? text : [...images, { type: "text", text }])(before)
})

/** What a chat needs again that continues the conversation, whose file has instructions and files with their turns alone. */
const neededOf = (input: Input, { isBegun, isWritten }: { readonly isBegun: boolean; readonly isWritten: boolean }) => {
  const { effort, file, image, json, maxTokens, mcp, options, stream, system, yes } = input
  const isNeeded =
    isGiven(options) ||
    [effort, maxTokens, stream].some((one: Option.Option<unknown>) => Option.isSome(one)) ||
    [yes, json, mcp.length > 0].includes(true) ||
    (!isBegun && Option.isSome(system)) ||
    (!isWritten && [...image, ...file].length > 0)
  return isNeeded ? "the same other flags" : undefined
}

const resumeNote = (input: Input, state: ReturnType<ChatHistory.Kept["state"]>): Effect.Effect<void> =>
  state === undefined
    ? Interruption.note("With --history FILE, the next chat continues a conversation.")
    : Interruption.noteContinued(nextCommand("Continue", commandFor(state.path), neededOf(input, state)))

/** Starts the servers of `--mcp`. */
const toolSetOf = Effect.fnUntraced(function* (input: Input) {
  if (input.mcp.length === 0) return undefined
  const { toolSet } = yield* loadModule(() => import("../mcp.ts"))
  return yield* toolSet(input.mcp, input.options)
})

const converse = Effect.fnUntraced(function* (input: Input, { keep, start }: ChatHistory.Kept, text: string) {
  const set = yield* toolSetOf(input)
  const withTools =
    (approval: ToolCalls.Approval, keepTurn = keep) =>
    (conversation: Conversation.Ready) =>
      respond({ ...input, keep: keepTurn }, conversation, set === undefined ? undefined : { set, approval })
  if (text !== "" && (set === undefined || input.yes)) {
    return void (yield* withTools("all")(yield* ask(input, start, text, true)))
  }
  const LinePrompt = yield* loadModule(() => import("../prompt/linePrompt.ts"))
  yield* LinePrompt.use((prompt) => {
    const answer = withTools(input.yes ? "all" : prompt.question)
    if (text !== "") return Effect.flatMap(ask(input, start, text), answer)
    const turns = {
      ask: (history: ChatHistory.History, text: string) => ask(input, history, text),
      respond: withTools(input.yes ? "all" : prompt.question, Effect.succeed),
      keep
    }
    return ChatLoop.converse(prompt, start, turns)
  })
})

export const run = Effect.fnUntraced(function* (input: Input) {
  const obstacle = yield* ChatTerminal.obstacle(input.json)
  const wrong = input.mcp.map(wrongServer).find((error) => error !== undefined)
  if (wrong !== undefined) return yield* Effect.fail(wrong)
  const text = yield* readText(input.prompt)
  if (text === "" && obstacle !== undefined) return yield* Effect.fail(ChatTerminal.noPrompt[obstacle])
  if (input.yes && input.mcp.length === 0) return yield* Effect.fail(wrongFlag("--yes", "a --mcp, whose tools it runs"))
  // Without a terminal to ask in, --yes is required before anything runs.
  if (input.mcp.length > 0 && !input.yes && obstacle !== undefined) {
    return yield* Effect.fail(ChatTerminal.noApproval[obstacle])
  }
  yield* Effect.forEach([...input.image, ...input.file], InputFile.checkFile, { discard: true })
  const history = yield* ChatHistory.open(
    input.history,
    Option.getOrUndefined(input.system),
    neededOf(input, { isBegun: true, isWritten: true })
  )
  yield* converse(input, history, text).pipe(
    // Before the scope closes, in which servers end.
    Effect.onInterrupt(() => resumeNote(input, history.state())),
    // Ctrl-D at the question whether to run a tool.
    Effect.catchIf(Terminal.isQuitError, () => Effect.andThen(resumeNote(input, history.state()), Effect.interrupt)),
    Effect.scoped,
    Effect.provide(
      Layer.merge(
        Layer.provide(client.layer(input.options), RetryNote.layer(client.config(input.options))),
        Layer.provide(Files.layer(), client.layerHostApi(input.options))
      )
    )
  )
})
