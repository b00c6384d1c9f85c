/** Bodies as the raw clients read them: `JSON.parse`, and events split by hand. */

export interface Completion {
  readonly choices: ReadonlyArray<{ readonly message: { readonly content: string } }>
}

interface Chunk {
  readonly choices: ReadonlyArray<{
    readonly delta: { readonly content?: string; readonly reasoning_content?: string }
  }>
}

/** Reads a stream to its end, and waits at each piece of content for what `onPiece` returns. */
export const readPieces = async (
  body: AsyncIterable<Uint8Array>,
  onPiece: () => Promise<void> | undefined
): Promise<void> => {
  const decoder = new TextDecoder()
  let rest = ""
  for await (const bytes of body) {
    rest += decoder.decode(bytes, { stream: true })
    const events = rest.split("\n\n")
    rest = events.pop() ?? ""
    for (const event of events) {
      const data = event.slice(6)
      if (data === "[DONE]") continue
      const delta = (JSON.parse(data) as Chunk).choices[0]?.delta
      if (delta?.content || delta?.reasoning_content) await onPiece()
    }
  }
}
