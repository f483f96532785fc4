// Package messaging speaks the Jupyter messaging protocol, version 5.4, over ZeroMQ in
// pure Go: the side of a kernel, and the side of its client.
//
//	conn, err := messaging.ReadConnection(file)
//	server, err := messaging.Listen(conn, messaging.Options{})
//	for request := range server.Messages(messaging.Shell) {
//		server.Send(messaging.Shell, request.Reply("kernel_info_reply", info))
//	}
//
// The handshake is that of github.com/go-zeromq/zmq4. Its sockets are not used: in
// v0.17.0 one peer that stops reading blocks all others, and one that never finishes the
// handshake keeps every later one out; a published message waits in a queue without a
// bound; a frame whose length is nonsense panics; ROUTER hands commands to the reader;
// XPUB swallows the subscriptions that it is there to tell. Here each peer has a goroutine
// that reads, one that writes, and a queue of limited size between it and the kernel,
// which therefore never waits for a peer.
package messaging
