package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cloudwego/kitex/client"
	"github.com/cloudwego/kitex/pkg/connpool"
	"github.com/cloudwego/kitex/pkg/transmeta"
	"github.com/cloudwego/kitex/transport"

	"polyport/benches/compare/kitex/kitex_gen/bench"
	"polyport/benches/compare/kitex/kitex_gen/bench/left"
)

// call is the comparison's client: for each line of its input, a number of seconds, it makes calls
// for that long and prints how many it made.
func call(address, tasks, bytes, connections string) error {
	concurrent, err := strconv.Atoi(tasks)
	if err != nil {
		return err
	}
	size, err := strconv.Atoi(bytes)
	if err != nil {
		return err
	}
	pool := client.WithLongConnection(connpool.IdleConfig{
		MaxIdlePerAddress: concurrent,
		MaxIdleGlobal:     concurrent,
		MaxIdleTimeout:    time.Minute,
	})
	if connections == "one" {
		pool = client.WithMuxConnection(1)
	}
	cli, err := left.NewClient(
		"servers",
		client.WithHostPorts(address),
		client.WithTransportProtocol(transport.TTHeader),
		client.WithMetaHandler(transmeta.ClientTTHeaderHandler),
		pool,
	)
	if err != nil {
		return err
	}
	message := strings.Repeat("x", size)
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		seconds, err := strconv.ParseFloat(lines.Text(), 64)
		if err != nil {
			return err
		}
		until := time.Now().Add(time.Duration(seconds * float64(time.Second)))
		calls, err := callUntil(cli, until, concurrent, message)
		if err != nil {
			return err
		}
		fmt.Println(calls)
	}
	return lines.Err()
}

func callUntil(cli left.Client, until time.Time, concurrent int, message string) (int64, error) {
	var calls atomic.Int64
	var failure atomic.Pointer[error]
	var calling sync.WaitGroup
	for range concurrent {
		calling.Go(func() {
			for time.Now().Before(until) {
				response, err := cli.Echo(context.Background(), &bench.Request{Message: message})
				if err == nil && response.Message != message {
					err = fmt.Errorf("another message came back")
				}
				if err != nil {
					failure.Store(&err)
					return
				}
				calls.Add(1)
			}
		})
	}
	calling.Wait()
	if err := failure.Load(); err != nil {
		return 0, *err
	}
	return calls.Load(), nil
}
