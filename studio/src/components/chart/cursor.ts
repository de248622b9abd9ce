/** The point that a reader is at. It moves with the mouse, so only what tells of that point is drawn again, not the chart. */
export class Cursor {
  private index: number | null = null;
  private readonly listeners = new Set<() => void>();

  /** The place in the plot's data; null where the mouse is elsewhere. */
  readonly get = (): number | null => this.index;

  readonly set = (index: number | null): void => {
    if (index !== this.index) {
      this.index = index;
      for (const listener of this.listeners) {
        listener();
      }
    }
  };

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  };
}
