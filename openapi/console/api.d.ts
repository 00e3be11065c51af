// What the console's calls of the API are checked against: addresses, names in bodies and queries, and answers,
// as schema.d.ts has them, which is made of openapi.json. Values of enumerations are taken as texts.
import type {components, paths} from './schema';

/** `/v1/exports/{export_id}` as a template writes it: `/v1/exports/${string}`. */
type Address<P> = P extends `${infer Before}{${string}}${infer After}` ? `${Before}${string}${Address<After>}` : P;
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
type PathOf<P, Method extends string> = {
  [K in keyof paths]: Same<P, Address<K>> extends true ? (Method extends keyof paths[K] ? K : never) : never;
}[keyof paths];
type Operation<P, Method extends string> = paths[PathOf<P, Method>] extends {[M in Method]: infer Found} ? Found : never;
/** Every address that has the method; a template that fits none is a fault. */
type Known<Method extends string> = {[K in keyof paths]: paths[K] extends {[M in Method]: {responses: unknown}} ? Address<K> : never}[keyof paths];

type Json<T> = T extends {content: {'application/json': infer Body}} ? Body : never;
type Answer<P, Method extends string> = Operation<P, Method> extends {responses: infer All} ? Json<All[keyof All & (200 | 201 | 202)]> : never;
type Loose<T> = T extends string ? string : T extends (infer One)[] ? Loose<One>[] : T extends object ? {[K in keyof T]?: Loose<T[K]>} : T;
type Body<P, Method extends string> = Operation<P, Method> extends {requestBody?: infer Asked} ? Loose<Json<NonNullable<Asked>>> : undefined;
type Query<P, Method extends string> = Operation<P, Method> extends {parameters: {query?: infer Asked}} ? {[K in keyof Asked]?: unknown} : undefined;

type Method = 'POST' | 'PUT' | 'PATCH' | 'DELETE';

interface Calls {
  get<P extends Known<'get'>>(path: P, params?: Query<P, 'get'>): Promise<Answer<P, 'get'>>;
  read<P extends Known<'get'>>(path: P): Promise<{data: Answer<P, 'get'>; etag: string}>;
  send<M extends Method, P extends Known<Lowercase<M>>>(method: M, path: P, body?: Body<P, Lowercase<M>>, headers?: Record<string, string>): Promise<Answer<P, Lowercase<M>>>;
  remove<P extends Known<'delete'>>(path: P, params?: Query<P, 'delete'>): Promise<void>;
  upload(path: string, file: Blob, type: string): Promise<Answer<'/v1/segments/{segment_id}/members' extends keyof paths ? `/v1/segments/${string}/members` : never, 'put'>>;
  create<P extends Known<'post'>>(path: P, body?: Body<P, 'post'>, key?: string): Promise<Answer<P, 'post'>>;
  /** The API's document itself, which it does not describe. */
  document(): Promise<any>;
}

/** Pages of a list, as `useList` keeps them. */
type Item<P extends string> = Answer<P, 'get'> extends {items: (infer One)[]} ? One : never;
type Listing<P extends string> = {
  items: Item<P>[]; error: any; busy: boolean; cursor: string; more: {error: any; busy: boolean};
  reload: (...given: any[]) => Promise<void>; put: (items: Item<P>[]) => void; next: () => Promise<void>;
};

type Schemas = components['schemas'];
declare global {
  /** Props of which these are known. */
  type Of<T> = T & {[name: string]: any};
  type Run = Schemas['Run'];
  type Export = Schemas['Export'];
  type Connection = Schemas['Connection'];
  type Segment = Schemas['Segment'];
  type Overview = Schemas['Overview'];
  type ExportStatistics = Schemas['ExportStatistics'];

  // pieces of the kit whose types cannot be seen from their code
  type Api = Calls;
  type State<T> = {data: T; error: any; busy: boolean; reload: (...given: any[]) => Promise<void>; put: (data: T) => void};
  type Apart = <T>(promise: Promise<T>) => Promise<{data: T; error: any}>;
  type Items = <P extends Known<'get'>>(path: P, params?: Query<P, 'get'>) => Promise<Item<P>[]>;
  type UseLoad = <T>(load: () => Promise<T>, on?: unknown[]) => State<T>;
  type UseList = <P extends Known<'get'>>(path: P, params?: Query<P, 'get'>) => Listing<P>;
  type UseAction = (work: (...given: any[]) => Promise<any>) => [(...given: any[]) => Promise<void>, {busy: boolean; error: any}];
  type Control = {value: any; onInput: (value: any) => void; error: string};
  type UseForm = <T>(first: T | (() => T), work: (values: T, over?: any) => unknown) => {
    values: T; set: (changes: Partial<T>) => void; field: (name: string & keyof T, pointer?: string) => Control;
    wrong: (pointer: string) => string; rest: () => any; submit: (over?: any) => Promise<unknown>; busy: boolean; error: any;
  };
  type Loaded = <T>(state: {data: T; error: any; reload: (...given: any[]) => unknown}, show: (data: T) => unknown, lines?: number) => any;
  type List = <P extends string>(state: Listing<P>, show: (items: Item<P>[]) => unknown, empty: unknown) => any;
  type Table = <T extends {id?: unknown}>(caption: string, columns: (false | [title: string, show: (row: T) => unknown, side?: string])[], rows: T[]) => any;
  type Button = (text: unknown, onClick: ((event: Event) => unknown) | null, options?: string | {kind?: string; type?: string; busy?: boolean; why?: unknown; [attribute: string]: unknown}) => any;
  type Act = (text: string, work: () => Promise<unknown>, options?: string | {kind?: string; why?: unknown; sure?: unknown[]; [attribute: string]: unknown}) => any;
  type Card = (title: unknown, body: unknown, options?: {flush?: boolean; action?: unknown; label?: string}) => any;
}
