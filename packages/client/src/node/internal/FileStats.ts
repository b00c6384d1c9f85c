/** What the stats of a file contain: whether it is the same file, and who can access it. */
import type { Stats } from "node:fs"

/** What identifies a file, with any path. */
export type Identity = Pick<Stats, "dev" | "ino">

export const isSameFile = (one: Identity, other: Identity): boolean => one.dev === other.dev && one.ino === other.ino

const othersBits = 0o077

/** Whether its mode lets others than its owner use it. Windows has no such modes. */
export const isOpenToOthers = ({ mode }: Pick<Stats, "mode">): boolean =>
  (mode & othersBits) !== 0 && process.platform !== "win32"
