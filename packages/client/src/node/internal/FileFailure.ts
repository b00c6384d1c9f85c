/**
 * The reason of a failure of the file system, in words for the operator who set the path.
 *
 * @since 0.1.0
 */

/** What the error codes of the system mean for a path. */
export const meanings = {
  EACCES: "this process has no permission",
  EDQUOT: "the disk quota is used up",
  EEXIST: "a part of the path is a file and not a folder",
  EFBIG: "the file would exceed the size limit of this process",
  EIO: "the disk reports an error",
  EISDIR: "it is a folder and not a file",
  ELOOP: "it is a symbolic link, which is not followed",
  EMFILE: "this process has too many open files",
  ENAMETOOLONG: "the path is too long",
  ENFILE: "the system has too many open files",
  ENOENT: "it does not exist",
  ENOSPC: "the disk is full",
  ENOTDIR: "a part of the path is a file and not a folder",
  EPERM: "this process has no permission",
  EROFS: "the file system is read-only",
  ESPIPE: "it is a pipe and not a file: pass its bytes as standard input",
  ETIMEDOUT: "the disk does not respond"
} as const

/** The error code of the system, such as `ENOSPC`. */
export const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined

/** A path that must not be used as it is. */
export class UnusablePathError extends Error {
  override readonly name = "UnusablePath"
  /** The path, for those who use several. The errors of the system have it too. */
  readonly path: string | undefined

  constructor(message: string, path?: string) {
    super(message)
    this.path = path
  }
}

/** What an error code means, where that is known. */
export const meaningOf = (code: string): string | undefined =>
  Object.hasOwn(meanings, code) ? meanings[code as keyof typeof meanings] : undefined

/** An error code with its meaning. Any other text is left as it is. */
export const describe = (code: string): string => {
  const meaning = meaningOf(code)
  return meaning === undefined ? code : `${meaning} (${code})`
}

/**
 * The reason with its code. The system's own message would repeat the path, and
 * name a call of the system instead of what to change.
 */
export const reasonOf = (error: unknown): string => {
  const code = codeOf(error)
  if (code !== undefined) return describe(code)
  return error instanceof Error ? error.message : "unknown"
}

/** Whether there is no room on the disk. */
export const isDiskFull = (error: unknown): boolean => codeOf(error) === "ENOSPC" || codeOf(error) === "EDQUOT"
