/** What a host refuses in the messages of a request, found without knowledge of the host or the model. */
import type { Message } from "@kimi-effect/core/Message"
import type { ToolCall } from "@kimi-effect/core/Tool"

/** An invalid message: its position, and the reason as a sentence without content. */
export interface HistoryProblem {
  readonly index: number
  readonly message: string
}

const isEmptyContent = (content: Message["content"]): boolean =>
  content === undefined ||
  content === null ||
  (typeof content === "string" ? content === "" : content.every((part) => part.type === "text" && part.text === ""))

const loadsTools = (message: Message): boolean => message.role === "system" && (message.tools?.length ?? 0) > 0

/** Whether a message has content. */
export const hasText = ({ content }: Message): boolean => !isEmptyContent(content)

/** Whether a message has nothing in it that the host accepts as content. */
export const isEmpty = (message: Message): boolean => {
  if (!isEmptyContent(message.content)) return false
  switch (message.role) {
    case "system":
      return !loadsTools(message)
    case "assistant":
      // Reasoning alone continues a response in Partial Mode.
      return (message.tool_calls?.length ?? 0) === 0 && !(message.partial === true && message.reasoning_content)
    // The result of a tool may be empty.
    case "tool":
      return false
    case "user":
      return true
  }
}

/** Whether a message has a text part without text. The encoder leaves out content that is empty as a whole, next to tool calls and loaded tools. */
export const hasEmptyPart = (message: Message): boolean => {
  const { content } = message
  if (typeof content !== "object" || content === null) return false
  const isLeftOut = message.role === "assistant" ? message.tool_calls !== undefined : loadsTools(message)
  if (isLeftOut && isEmptyContent(content)) return false
  return content.some((part) => part.type === "text" && part.text === "")
}

/** The position of a partial message that is not the last one; -1 if there is none. */
export const earlyPartial = (messages: ReadonlyArray<Message>): number =>
  messages.findIndex(
    (message, index) => message.role === "assistant" && message.partial === true && index < messages.length - 1
  )

/** The position of the first message that has tool calls and lacks its reasoning; -1 if there is none. */
export const unreasonedCalls = (messages: ReadonlyArray<Message>): number =>
  messages.findIndex(
    (message) =>
      message.role === "assistant" && (message.tool_calls?.length ?? 0) > 0 && message.reasoning_content === undefined
  )

/** How the results of a history match its tool calls. */
export interface Matching {
  /** The first call or result that cannot be matched by any further message. */
  readonly problem: HistoryProblem | undefined
  /** The first message with two calls of the same id. Each of them counts as a call. */
  readonly repeated: HistoryProblem | undefined
  /** The calls at the end that have no result yet. */
  readonly open: ReadonlyArray<ToolCall>
}

const hasRepeatedIds = (calls: ReadonlyArray<ToolCall>): boolean =>
  calls.length > 1 && new Set(calls.map(({ id }) => id)).size < calls.length

/** Matches each tool call with exactly one result before the next message. */
export const matchResults = (messages: ReadonlyArray<Message>): Matching => {
  let open: Array<ToolCall> = []
  let repeated: HistoryProblem | undefined
  const failed = (index: number, message: string): Matching => ({ problem: { index, message }, open, repeated })
  for (const [index, message] of messages.entries()) {
    if (message.role === "tool") {
      const position = open.findIndex(({ id }) => id === message.tool_call_id)
      if (position < 0) return failed(index, `The tool message ${index} has the id of no unanswered tool call`)
      open.splice(position, 1)
      continue
    }
    if (open.length > 0) return failed(index, `${open.length} tool calls have no result before message ${index}`)
    if (message.role !== "assistant") continue
    open = [...(message.tool_calls ?? [])]
    if (hasRepeatedIds(open)) repeated ??= { index, message: `Two tool calls of message ${index} have the same id` }
  }
  return { problem: undefined, open, repeated }
}
