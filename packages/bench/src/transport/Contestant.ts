/** A contestant: one way to call Kimi, in its fastest ordinary use. */
export interface Contestant {
  readonly name: string
  /** Makes a chat and returns the text of the response. */
  readonly chat: (baseUrl: string) => Promise<string>
  /** Reads a stream to its end and returns the number of content chunks. */
  readonly stream: (baseUrl: string) => Promise<number>
  /** Opens a stream, reads its first content, and keeps it open until the process ends. */
  readonly hold: (baseUrl: string) => Promise<void>
  readonly close: () => Promise<void>
}

/** The request of every contestant. */
export const messages = [{ role: "user" as const, content: "Reply with exactly one word: hello." }]

export const model = "kimi-k3"
export const apiKey = "sk-bench-0123456789"
