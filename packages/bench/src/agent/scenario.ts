/**
 * The cost of what calls a model on behalf of a program, beyond the calls
 * themselves: CPU per step, measured in one process each.
 *
 * To add a module, add its probe to `probes` with the figures of its rounds.
 */
import { type Figure, summarize } from "../harness/Figure.ts"
import { start } from "../harness/childProcess.ts"
import type { RoundResult as FacadeResult } from "./facadeProbe.ts"
import { measureLanguageModel } from "./languageModel.ts"
import type { RoundResult as LoopResult } from "./loopProbe.ts"

interface Size {
  readonly warmUp: number
  readonly rounds: number
}

const full: Size = { warmUp: 2, rounds: 9 }
const quick: Size = { warmUp: 1, rounds: 3 }

/** The results of the measured rounds of one probe. */
const runRounds = async <A>(probe: string, { rounds, warmUp }: Size): Promise<ReadonlyArray<A>> => {
  const child = await start(new URL(probe, import.meta.url))
  const results: Array<A> = []
  for (let i = 0; i < warmUp + rounds; i++) {
    const result = (await child.ask(i)) as A
    if (i >= warmUp) results.push(result)
  }
  await child.stop()
  return results
}

/** The median over the rounds of a probe. */
const figure = <A>(
  results: ReadonlyArray<A>,
  name: string,
  valueOf: (result: A) => number,
  threshold?: number
): Figure => ({
  name,
  ...summarize(results.map(valueOf)),
  unit: "µs",
  ...(threshold === undefined ? {} : { threshold })
})

/** The median of a ratio over the rounds of a probe. */
const ratio = <A>(results: ReadonlyArray<A>, name: string, valueOf: (result: A) => number): Figure => ({
  name,
  ...summarize(results.map(valueOf)),
  unit: "x"
})

const loop = async (size: Size): Promise<ReadonlyArray<Figure>> => {
  const results = await runRounds<LoopResult>("./loopProbe.ts", size)
  return [
    figure(results, "a chat of the loop, alone", ({ chat }) => chat),
    figure(results, "a step of AgentLoop.run, beyond its chat", ({ chat, run }) => run - chat, 150),
    figure(results, "a stream of the loop, alone", ({ chatStream }) => chatStream),
    figure(
      results,
      "a step of AgentLoop.stream, beyond its stream",
      ({ chatStream, stream }) => stream - chatStream,
      150
    ),
    ratio(results, "a step of AgentLoop.run to its chat", ({ chat, run }) => run / chat),
    ratio(results, "a step of AgentLoop.stream to its stream", ({ chatStream, stream }) => stream / chatStream)
  ]
}

const facade = async (size: Size): Promise<ReadonlyArray<Figure>> => {
  const results = await runRounds<FacadeResult>("./facadeProbe.ts", size)
  return [
    figure(results, "a chat with Effect", ({ effectChat }) => effectChat),
    figure(
      results,
      "a chat with promises, beyond the chat with Effect",
      ({ effectChat, promiseChat }) => promiseChat - effectChat,
      20
    ),
    figure(
      results,
      "a chat with promises, a signal and an option, beyond the chat with Effect",
      ({ effectChat, promiseChatWithOptions }) => promiseChatWithOptions - effectChat,
      20
    ),
    figure(results, "an event of a stream with Effect, in a separate read", ({ effectEvent }) => effectEvent),
    figure(
      results,
      "an event with for await, beyond the event with Effect",
      ({ effectEvent, promiseEvent }) => promiseEvent - effectEvent
    ),
    ratio(
      results,
      "a chat with promises to one with Effect",
      ({ effectChat, promiseChat }) => promiseChat / effectChat
    ),
    ratio(
      results,
      "an event with for await to one with Effect",
      ({ effectEvent, promiseEvent }) => promiseEvent / effectEvent
    )
  ]
}

const probes: ReadonlyArray<(size: Size) => Promise<ReadonlyArray<Figure>>> = [loop, facade, measureLanguageModel]

export const run = async (isQuick: boolean): Promise<ReadonlyArray<Figure>> => {
  const figures: Array<Figure> = []
  for (const probe of probes) figures.push(...(await probe(isQuick ? quick : full)))
  return figures
}
