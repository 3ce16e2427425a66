package io.madit.containers;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** A TCP connection that can stall and break, between a client and a server. Thread-safe. */
final class FaultyProxy implements AutoCloseable {
  private static final int CHUNK_BYTES = 1 << 14;

  private final ServerSocket listener;
  private final String host;
  private final int port;
  private final Gate requests = new Gate();
  private final Gate answers = new Gate();
  private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
  private final ExecutorService threads = Executors.newCachedThreadPool();

  FaultyProxy(Server server) throws IOException {
    host = server.getHost();
    port = server.port();
    listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    threads.execute(this::accept);
  }

  /** Where clients connect to. */
  String address() {
    return "localhost:" + listener.getLocalPort();
  }

  /** What passes from the client to the server. */
  Gate requests() {
    return requests;
  }

  /** What passes from the server to the client: closed, it is a client that does not read. */
  Gate answers() {
    return answers;
  }

  /** Breaks all connections; new ones are accepted. */
  void cut() {
    sockets.forEach(FaultyProxy::close);
    sockets.clear();
  }

  private void accept() {
    try {
      while (true) {
        Socket client = listener.accept();
        Socket server = new Socket(host, port);
        sockets.add(client);
        sockets.add(server);
        threads.execute(() -> copy(client, server, requests));
        threads.execute(() -> copy(server, client, answers));
      }
    } catch (IOException e) {
      cut(); // the end
    }
  }

  private static void copy(Socket from, Socket to, Gate gate) {
    byte[] chunk = new byte[CHUNK_BYTES];
    try (from;
        to) {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      for (int n = in.read(chunk); n >= 0; n = in.read(chunk)) {
        gate.pass();
        out.write(chunk, 0, n);
      }
    } catch (IOException e) {
      // The other direction ended, or the connection was cut.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void close(Socket socket) {
    try {
      socket.close();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
    cut();
    threads.shutdownNow();
  }
}
