// What the console uses of Preact, its hooks, signals and htm.
export type Signal<T> = {value: T};
export function signal<T>(value: T): Signal<T>;
export function html(parts: TemplateStringsArray, ...values: unknown[]): any;
export function render(what: unknown, where: Element): void;
export function useState<T = any>(first?: T | (() => T)): [T, (next: T | ((before: T) => T)) => void];
export function useRef<T = any>(first?: T): {current: T};
export function useEffect(work: () => void | (() => void), on?: unknown[]): void;
export function useMemo<T>(make: () => T, on: unknown[]): T;
export function useId(): string;
