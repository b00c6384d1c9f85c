/** What is compared: one way to call Kimi, at its fastest ordinary use. */
export interface Contestant {
  readonly name: string
  /** One plain call; gives the answer's text. */
  readonly chat: (baseUrl: string) => Promise<string>
  /** One stream, read to its end; gives the number of pieces of content. */
  readonly stream: (baseUrl: string) => Promise<number>
  /** Opens one stream, reads its first piece of content, and keeps it open until the process ends. */
  readonly hold: (baseUrl: string) => Promise<void>
  readonly close: () => Promise<void>
}

/** The request of every contestant. */
export const messages = [{ role: "user" as const, content: "Reply with exactly one word: hello." }]

export const model = "kimi-k3"
export const apiKey = "sk-bench-0123456789"
