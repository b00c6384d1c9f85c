/** The cost of the language model of `effect/ai`: beyond the client, and compared with the AI SDK. */
import { type Child, start } from "../harness/childProcess.ts"
import { type Figure, summarize } from "../harness/Figure.ts"
import type { Urls } from "../transport/workloads.ts"
import type { LanguageModelResult } from "./languageModelProbe.ts"

/** The rounds of a measurement. The first ones are not counted. */
export interface Size {
  readonly warmUp: number
  readonly rounds: number
}

const figuresOf = (results: ReadonlyArray<LanguageModelResult>): ReadonlyArray<Figure> => {
  const of = (read: (result: LanguageModelResult) => number) => summarize(results.map(read))
  return [
    { name: "generateText, beyond chat", ...of((r) => r.generateText - r.chat), unit: "µs", threshold: 120 },
    { name: "generateText over a socket", ...of((r) => r.httpGenerateText), unit: "µs" },
    { name: "generateText over a socket, AI SDK", ...of((r) => r.aiSdkHttpGenerateText), unit: "µs" },
    {
      name: "generateText over a socket, to the AI SDK",
      ...of((r) => r.httpGenerateText / r.aiSdkHttpGenerateText),
      unit: "x",
      threshold: 1
    },
    { name: "generateText to chat", ...of((r) => r.generateText / r.chat), unit: "x" },
    { name: "streamText per chunk", ...of((r) => r.modelStreamChunk), unit: "µs" },
    { name: "streamText per chunk, beyond stream", ...of((r) => r.modelStreamChunk - r.streamChunk), unit: "µs" },
    { name: "streamText per chunk, AI SDK", ...of((r) => r.aiSdkStreamChunk), unit: "µs" },
    {
      name: "streamText per chunk, to the AI SDK",
      ...of((r) => r.modelStreamChunk / r.aiSdkStreamChunk),
      unit: "x",
      threshold: 1 / 3
    }
  ]
}

/** Measures in a separate process, against the server of the transport scenario. */
export const measureLanguageModel = async ({ rounds, warmUp }: Size): Promise<ReadonlyArray<Figure>> => {
  const server: Child<Urls> = await start(new URL("../transport/server.ts", import.meta.url))
  const probe = await start(new URL("./languageModelProbe.ts", import.meta.url))
  const results: Array<LanguageModelResult> = []
  for (let i = 0; i < warmUp + rounds; i++) {
    // The probe replies to every round with its result.
    const result = (await probe.ask(server.message.chat)) as LanguageModelResult
    if (i >= warmUp) results.push(result)
  }
  await probe.stop()
  await server.stop()
  return figuresOf(results)
}
