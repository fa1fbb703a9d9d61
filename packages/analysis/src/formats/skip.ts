/** Takes the reason why something that was read is no span. */
export type Skip = (reason: string) => void
