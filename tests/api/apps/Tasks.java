/** What Java offers to the other languages of an instance. */
public class Tasks {
    static class Reverse implements uwsgi.RpcFunction {
        public String function(String... arguments) {
            return new StringBuilder(arguments[0]).reverse().toString();
        }
    }

    /** Calls the function named second, with the rest, on the node named first. */
    static class Ask implements uwsgi.RpcFunction {
        public String function(String... arguments) {
            return "java got " + uwsgi.rpc(arguments);
        }
    }

    static class Fail implements uwsgi.RpcFunction {
        public String function(String... arguments) {
            throw new IllegalStateException("not in Java");
        }
    }

    static class Handler implements uwsgi.SignalHandler {
        public void function(int number) {
            System.out.println("java has signal " + number);
        }
    }

    public static void main(String[] arguments) {
        uwsgi.register_rpc("java_reverse", new Reverse());
        uwsgi.register_rpc("java_ask", new Ask());
        uwsgi.register_rpc("java_fail", new Fail());
        uwsgi.register_signal(17, "", new Handler());
    }
}
