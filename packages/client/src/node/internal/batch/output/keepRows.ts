/** Replaces an output by one without some of its rows, at once. */
import { formOf } from "./forms.ts"
import { NewFile } from "./NewFile.ts"
import type { LineHead } from "./outputLine.ts"

const lineEnd = Buffer.from("\n")

/** Of a compressed output, every line must be compressed. */
export const keepRows = (output: string, isKept: (head: LineHead) => boolean): void => {
  const file = new NewFile(output)
  try {
    formOf(output).read(output, (head, bytes) => {
      if (isKept(head)) file.append(Buffer.concat([bytes, lineEnd]))
    })
    file.commit()
  } finally {
    file.close()
  }
}
