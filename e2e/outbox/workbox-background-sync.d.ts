// What its own types say of it. They also declare `registration.sync` for everybody, as always there.

export class Queue {
  constructor(name: string);
  pushRequest(entry: { request: Request }): Promise<void>;
}
