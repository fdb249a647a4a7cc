// Command kitex-peer is the Kitex side of the interop tests: a server with the handlers of the interop
// contract, and a client that makes one kind of call and prints what came of it.
package main

import (
	"fmt"
	"os"
)

const usage = `kitex-peer serves and calls the interop IDLs with CloudWeGo Kitex.

  kitex-peer serve --addr HOST:PORT --fixture NAME [flags]
  kitex-peer call  --addr HOST:PORT --transport T --service S --method M [flags]
  kitex-peer load  --addr HOST:PORT --mode long|short|mux [flags]

"kitex-peer serve --help" and so on list the flags.
`

// statusUnusable is the exit status for bad arguments and for a server that cannot be built.
const statusUnusable = 2

func main() {
	if len(os.Args) < 2 {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(statusUnusable)
	}
	arguments := os.Args[2:]
	var err error
	switch os.Args[1] {
	case "serve":
		err = serve(arguments)
	case "call":
		err = call(arguments)
	case "load":
		err = load(arguments)
	case "help", "-h", "-help", "--help":
		fmt.Print(usage)
	default:
		err = fmt.Errorf("no command %q\n%s", os.Args[1], usage)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "kitex-peer:", err)
		os.Exit(statusUnusable)
	}
}
