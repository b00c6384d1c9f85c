/** What a scripted host sees of the conversation of an agent. */
import type { ReceivedRequest } from "@kimi-effect/testing/node/ReceivedRequest"

interface Body {
  readonly messages: ReadonlyArray<{ readonly role: string; readonly content: string }>
}

const messagesOf = ({ json }: ReceivedRequest) => (json as Body).messages

/** Responses that the agent has had. */
export const stepOf = (request: ReceivedRequest): number =>
  messagesOf(request).filter(({ role }) => role === "assistant").length

export const taskOf = (request: ReceivedRequest): string =>
  messagesOf(request).find(({ role }) => role === "user")?.content ?? ""

/** The results of tools and sub-agents without the lines that mark them as data, oldest first. */
export const resultsOf = (request: ReceivedRequest): ReadonlyArray<string> =>
  messagesOf(request)
    .filter(({ role }) => role === "tool")
    .map(({ content }) => content.split("\n").slice(1, -1).join("\n"))

/** The lines of a file as the tool read_file returns them, with their numbers. */
export const linesOf = (text: string): ReadonlyArray<readonly [line: number, text: string]> =>
  text.split("\n").map((numbered) => {
    const end = numbered.indexOf(": ")
    return [Number(numbered.slice(0, end)), numbered.slice(end + 2)]
  })
