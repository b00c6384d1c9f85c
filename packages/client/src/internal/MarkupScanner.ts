/** Finds markup of the model in the text and the reasoning of one choice, which arrive in pieces. */
import { ChannelState, type MarkupChannel, type MarkupSink } from "./MarkupChannel.ts"
import {
  findToken,
  isMention,
  type MarkupCall,
  markupEnd,
  type MarkupPolicy,
  mayHoldMarkup,
  parseCalls,
  pendingLength,
  thinkBegins,
  thinkEnds,
  toolTokens
} from "./MarkupPolicy.ts"
import { splitThinking } from "./splitThinking.ts"

const holdsNoEnd = (text: string): boolean => !/[>\u25b7]/.test(text)

const noBeginning = "the text ends reasoning that has no beginning"

/** The scanner of one choice. */
export class MarkupScanner {
  /** The calls that were written as text. */
  readonly calls: Array<MarkupCall> = []
  /** Why markup cannot be read; the text then keeps it. */
  problem: string | undefined = undefined
  /** What was read from markup. */
  readonly warnings = new Set<string>()
  #isThinkMentioned = false
  /** Whether the reasoning ended itself, so that the rest is the text. */
  #isThinkingOver = false
  /** Whether the reasoning holds calls that are followed by more reasoning. */
  #hasCallsInReasoning = false
  readonly #content = new ChannelState()
  readonly #reasoning = new ChannelState()
  readonly #policy: MarkupPolicy

  constructor(policy: MarkupPolicy) {
    this.#policy = policy
  }

  /** Whether text can be passed on without `feed`, as almost all of it. */
  passes(channel: MarkupChannel, text: string): boolean {
    const state = channel === "content" ? this.#content : this.#reasoning
    const isHolding = state.mode !== "text" || state.buffer !== "" || state.isTrimming || !state.code.isIdle
    if (isHolding || mayHoldMarkup(text) || (channel === "reasoning" && this.#isThinkingOver)) return false
    if (state.isBlank) state.isBlank = text.trim() === ""
    return true
  }

  /** Adds text. */
  feed(channel: MarkupChannel, text: string, sink: MarkupSink): void {
    const state = channel === "content" ? this.#content : this.#reasoning
    if (channel === "reasoning" && this.#isThinkingOver) return this.feed("content", text, sink)
    state.buffer += text
    // Held text can be long: it is searched only where a token can end.
    const isHeld = state.mode === "tools" || (state.mode === "think" && this.#policy.isStrict)
    if (!isHeld || state.isClosed || !holdsNoEnd(text)) this.#scan(channel, state, sink)
  }

  /** Moves reasoning without a beginning out of a whole text, which is possible only before it is fed. */
  splitWhole(texts: { readonly content: string; readonly reasoning: string }): typeof texts {
    if (this.#policy.isStrict || this.#policy.mode !== "parse" || texts.reasoning !== "") return texts
    const split = splitThinking(texts.content)
    if (split === undefined) return texts
    this.warnings.add("content: reasoning was read from its markup")
    return { reasoning: split[0], content: split[1] }
  }

  /** Ends both texts. `hasToolCalls` are those that the host parsed. */
  finish(finishReason: string, hasToolCalls: boolean, sink: MarkupSink): void {
    this.#finishContent(finishReason, sink)
    this.#finishReasoning(hasToolCalls || !this.#content.isBlank || this.calls.length > 0, finishReason, sink)
  }

  #emit(channel: MarkupChannel, state: ChannelState, found: string, sink: MarkupSink): void {
    const text = state.isTrimming ? found.trimStart() : found
    if (text === "") return
    state.isTrimming = false
    state.code.feed(text)
    if (state.isBlank) state.isBlank = text.trim() === ""
    sink(channel, text)
  }

  #scan(channel: MarkupChannel, state: ChannelState, sink: MarkupSink): void {
    let isGoingOn = true
    while (isGoingOn && state.buffer !== "") {
      switch (state.mode) {
        case "text":
          isGoingOn = this.#scanText(channel, state, sink)
          break
        case "think":
          isGoingOn = this.#scanThinking(state, sink)
          break
        case "tools":
          isGoingOn = this.#scanTools(channel, state, sink)
      }
    }
  }

  /** Emits up to the next token. Returns whether there is more to scan. */
  #scanText(channel: MarkupChannel, state: ChannelState, sink: MarkupSink): boolean {
    const tokens = this.#tokensOf(channel, state)
    const found = findToken(state.buffer, tokens)
    if (found === undefined) {
      const kept = pendingLength(state.buffer, tokens)
      const text = state.buffer.slice(0, state.buffer.length - kept)
      state.buffer = state.buffer.slice(text.length)
      this.#emit(channel, state, text, sink)
      return false
    }
    const { at, token } = found
    this.#emit(channel, state, state.buffer.slice(0, at), sink)
    state.buffer = state.buffer.slice(at)
    if (state.code.isInside) this.#passToken(channel, state, token, sink)
    else if (toolTokens.includes(token)) state.mode = "tools"
    else if (thinkBegins.includes(token)) this.#beginThinking(channel, state, token, sink)
    else if (channel === "content" && state.buffer === token) return false
    else this.#endThinking(channel, state, token, sink)
    return true
  }

  /** Thinking begins a response; its end is a token only where it can have begun. */
  #tokensOf(channel: MarkupChannel, state: ChannelState): ReadonlyArray<string> {
    const canOpen = state.isBlank && (channel === "content" || !this.#policy.isStrict)
    const start = canOpen ? state.buffer.trimStart() : ""
    const opening = canOpen ? thinkBegins.filter((token) => token.startsWith(start.slice(0, token.length))) : []
    if (this.#policy.isStrict || this.#isThinkMentioned) return [...toolTokens, ...opening]
    const closing = channel === "content" && !this.#reasoning.isBlank ? [] : thinkEnds
    // A beginning in the middle of the text is a mention, and so is its end.
    if (closing.length > 0 && channel === "content") return [...toolTokens, ...thinkBegins, ...closing]
    return [...toolTokens, ...opening, ...closing]
  }

  #passToken(channel: MarkupChannel, state: ChannelState, token: string, sink: MarkupSink): void {
    state.buffer = state.buffer.slice(token.length)
    this.#emit(channel, state, token, sink)
  }

  #fail(problem: string): void {
    this.problem ??= problem
  }

  #beginThinking(channel: MarkupChannel, state: ChannelState, token: string, sink: MarkupSink): void {
    if (!state.isBlank) {
      this.#isThinkMentioned = true
      return this.#passToken(channel, state, token, sink)
    }
    if (this.#policy.mode === "fail") {
      this.#fail("the text begins with reasoning")
      return this.#passToken(channel, state, token, sink)
    }
    if (channel === "content") {
      state.mode = "think"
      return
    }
    state.buffer = state.buffer.slice(token.length)
    this.warnings.add("reasoning: its markup was removed")
  }

  /** The end of reasoning that had no beginning. */
  #endThinking(channel: MarkupChannel, state: ChannelState, token: string, sink: MarkupSink): void {
    if (channel === "content" || this.#policy.mode === "fail") {
      const next = state.buffer.slice(token.length)
      if (next === "" || /^\s/.test(next)) this.#fail(noBeginning)
      return this.#passToken(channel, state, token, sink)
    }
    const rest = state.buffer.slice(token.length)
    state.buffer = ""
    this.#isThinkingOver = true
    this.#content.isTrimming = this.#content.isBlank
    this.warnings.add("reasoning: its markup was removed")
    if (rest !== "") this.feed("content", rest, sink)
  }

  #scanThinking(state: ChannelState, sink: MarkupSink): boolean {
    const begin = thinkBegins.find((token) => state.buffer.startsWith(token)) ?? ""
    const end = findToken(state.buffer, thinkEnds)
    if (this.#policy.isStrict) {
      const rest = end === undefined ? "" : state.buffer.slice(end.at + end.token.length)
      // An answer that is only this markup quotes it.
      state.isClosed = end !== undefined
      if (end === undefined || rest.trim() === "") return false
    }
    if (end === undefined) {
      const kept = pendingLength(state.buffer, thinkEnds)
      const text = state.buffer.slice(begin.length, state.buffer.length - kept)
      state.buffer = state.buffer.slice(begin.length + text.length)
      if (text !== "") sink("reasoning", text)
      return false
    }
    const thought = state.buffer.slice(begin.length, end.at)
    state.buffer = state.buffer.slice(end.at + end.token.length)
    state.mode = "text"
    state.isClosed = false
    state.isTrimming = true
    this.warnings.add("content: reasoning was read from its markup")
    if (thought !== "") sink("reasoning", thought)
    return true
  }

  #scanTools(channel: MarkupChannel, state: ChannelState, sink: MarkupSink): boolean {
    if (isMention(state.buffer))
      return this.#release(channel, state, findToken(state.buffer, toolTokens)?.token.length, sink)
    const end = markupEnd(state.buffer)
    if (end === undefined) return false
    const rest = state.buffer.slice(end).trimStart()
    if (channel === "content" && !this.#policy.isStrict) {
      const markup = state.buffer.slice(0, end)
      if (this.#accept(markup)) {
        state.buffer = state.buffer.slice(end)
        state.mode = "text"
        return true
      }
      return this.#release(channel, state, end, sink)
    }
    // The place of markup is the end. More calls may follow.
    state.isClosed = true
    if (rest === "" || toolTokens.some((token) => token.startsWith(rest.slice(0, token.length)))) return false
    if (channel === "reasoning" && parseCalls(state.buffer.slice(0, end)) !== undefined)
      this.#hasCallsInReasoning = true
    return this.#release(channel, state, end, sink)
  }

  /** Emits held text as text. */
  #release(channel: MarkupChannel, state: ChannelState, length: number | undefined, sink: MarkupSink): boolean {
    state.mode = "text"
    state.isClosed = false
    const text = state.buffer.slice(0, length)
    state.buffer = state.buffer.slice(text.length)
    this.#emit(channel, state, text, sink)
    return true
  }

  /** Reads the calls of markup that is complete; otherwise there is a problem. */
  #accept(markup: string): boolean {
    const calls = parseCalls(markup)
    if (calls === undefined || this.#policy.mode === "fail") {
      this.#fail(calls === undefined ? "tool calls that cannot be parsed" : "tool calls as text")
      return false
    }
    this.calls.push(...calls)
    this.warnings.add("tool_calls: calls were read from markup")
    return true
  }

  #finishContent(finishReason: string, sink: MarkupSink): void {
    const state = this.#content
    const { isStrict } = this.#policy
    if (state.mode === "think" && !isStrict) return this.#finishThinking(state, finishReason, sink)
    if (state.mode === "tools" && this.#isReadable(state.buffer, finishReason) && this.#accept(state.buffer)) {
      state.buffer = ""
      return
    }
    if (state.mode === "tools" && !isStrict && !isMention(state.buffer)) this.#fail("tool calls that do not end")
    if (state.mode === "text" && thinkEnds.includes(state.buffer) && !state.code.isInside) this.#fail(noBeginning)
    this.#release("content", state, undefined, sink)
  }

  #finishThinking(state: ChannelState, finishReason: string, sink: MarkupSink): void {
    const begin = thinkBegins.find((token) => state.buffer.startsWith(token)) ?? ""
    if (state.buffer.length > begin.length) sink("reasoning", state.buffer.slice(begin.length))
    if (finishReason !== "length") this.#fail("reasoning that does not end")
    state.buffer = ""
  }

  /** Whether markup at the end of a text can be read: strictly only if it is closed. */
  #isReadable(markup: string, finishReason: string): boolean {
    const calls = parseCalls(markup)
    if (calls === undefined || calls.length === 0) return false
    return markupEnd(markup) !== undefined || (!this.#policy.isStrict && finishReason !== "length")
  }

  #finishReasoning(hasAnswer: boolean, finishReason: string, sink: MarkupSink): void {
    const state = this.#reasoning
    const hasMarkup = state.mode === "tools" && !isMention(state.buffer)
    if (!hasAnswer && (hasMarkup || this.#hasCallsInReasoning)) {
      if (hasMarkup && this.#isReadable(state.buffer, finishReason) && this.#accept(state.buffer)) {
        state.buffer = ""
        return
      }
      // Without an answer, the calls in the reasoning are the answer, which the host did not parse.
      this.#fail("tool calls in the reasoning that cannot be parsed")
    }
    this.#release("reasoning", state, undefined, sink)
  }
}
