import { messages as greeting } from "../transport/Contestant.ts"

/** A contestant: one client with its own default retries. */
export interface Contestant {
  /** Makes the chat with this number and returns its text; fails when the client gives up. */
  readonly chat: (call: number) => Promise<string>
  /** Reads the stream with this number to its end and returns its text; fails when the client gives up. */
  readonly stream: (call: number) => Promise<string>
  readonly close: () => Promise<void>
}

/** The request of a call: the host chooses the failures of its attempts by its number. */
export const messagesOf = (call: number) => [...greeting, { role: "user" as const, content: `This is call ${call}.` }]

/** The number of the call in the body of a request. */
export const callIn = (body: string): number => Number(/This is call (\d+)\./.exec(body)?.[1])
