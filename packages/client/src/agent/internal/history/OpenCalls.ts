/** Calls of a foreign history that have no result yet. */

interface OpenCall {
  readonly id: string
  isOpen: boolean
}

/** Calls by a key, oldest first; those before `from` are no longer open. */
interface Line {
  readonly calls: Array<OpenCall>
  from: number
}

const addTo = (lines: Map<string, Line>, key: string, call: OpenCall): void => {
  const line = lines.get(key)
  if (line === undefined) lines.set(key, { calls: [call], from: 0 })
  else line.calls.push(call)
}

/** The id of the oldest call of a line that is open, which it then is no longer. */
const takeFrom = (line: Line | undefined): string | undefined => {
  if (line === undefined) return undefined
  for (; line.from < line.calls.length; line.from++) {
    const call = line.calls[line.from]
    if (call?.isOpen !== true) continue
    call.isOpen = false
    return call.id
  }
  return undefined
}

/** Each call is found in constant time: long histories may have results in any order. */
export class OpenCalls {
  readonly #byId = new Map<string, Line>()
  readonly #byName = new Map<string, Line>()

  add(id: string, name: string): void {
    const call: OpenCall = { id, isOpen: true }
    addTo(this.#byId, id, call)
    addTo(this.#byName, name, call)
  }

  takeById(id: string): string | undefined {
    return takeFrom(this.#byId.get(id))
  }

  takeByName(name: string | undefined): string | undefined {
    return name === undefined ? undefined : takeFrom(this.#byName.get(name))
  }
}
