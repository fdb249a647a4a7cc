package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/cloudwego/kitex/client"
	"github.com/cloudwego/kitex/pkg/connpool"
	"github.com/cloudwego/kitex/pkg/kerrors"
	"github.com/cloudwego/kitex/pkg/transmeta"
	"github.com/cloudwego/kitex/transport"

	"polyport/interop/kitex/kitex_gen/multi"
	"polyport/interop/kitex/kitex_gen/multi/servicea"
)

// warmUp is how many answers each caller has before the load counts as running.
const warmUp = 3

// loadModes are the ways in which callers share connections, all over TTHeader.
var loadModes = map[string]client.Option{
	"long": client.WithLongConnection(connpool.IdleConfig{
		MaxIdlePerAddress: 100, MaxIdleGlobal: 100, MaxIdleTimeout: time.Minute,
	}),
	"short": client.WithShortConnection(),
	"mux":   client.WithMuxConnection(2),
}

// summary is what came of all calls.
type summary struct {
	Answered int `json:"answered"`
	// Refused counts the calls that found nobody to connect to.
	Refused int `json:"refused"`
	// Failed has all other failures by their text, wrong answers among them.
	Failed map[string]int `json:"failed"`
}

// load calls from many goroutines until each of them finds that nobody listens any more. It prints
// "loaded" when all have been answered a few times, and the summary at the end. Some of the calls
// are slow, so that there is always one in flight.
func load(arguments []string) error {
	flags := flag.NewFlagSet("load", flag.ContinueOnError)
	address := flags.String("addr", "", "`HOST:PORT` of the server")
	mode := flags.String("mode", "long", "`MODE` of connections: long, short or mux")
	callers := flags.Int("callers", 32, "`N` goroutines that call; every fourth makes slow calls")
	slow := flags.Int("slow", 300, "`MS` milliseconds that a slow call takes")
	pause := flags.Int("pause", 0, "`MS` milliseconds from an answer to the next call, at most")
	if err := flags.Parse(arguments); err != nil {
		return helpIsNoError(err)
	}
	option, ok := loadModes[*mode]
	if !ok {
		return fmt.Errorf("no mode %q, one of: long, short, mux", *mode)
	}
	options := []client.Option{
		client.WithHostPorts(*address),
		client.WithConnectTimeout(connecting),
		client.WithMetaHandler(transmeta.ClientTTHeaderHandler),
		option,
	}
	if *mode != "mux" {
		options = append(options, client.WithTransportProtocol(transport.TTHeaderFramed))
	}
	c, err := servicea.NewClient("ServiceA", options...)
	if err != nil {
		return err
	}

	total := summary{Failed: map[string]int{}}
	var adding sync.Mutex
	var warm, running sync.WaitGroup
	warm.Add(*callers)
	for number := range *callers {
		running.Go(func() {
			l := &caller{client: c, number: number, warm: warm.Done}
			if number%4 == 0 {
				l.prefix = fmt.Sprintf("sleep:%d:", *slow)
			}
			l.pause = time.Duration(*pause) * time.Millisecond * time.Duration(number+1) / time.Duration(*callers)
			mine := l.run()
			adding.Lock()
			defer adding.Unlock()
			total.Answered += mine.Answered
			total.Refused += mine.Refused
			for text, count := range mine.Failed {
				total.Failed[text] += count
			}
		})
	}
	warm.Wait()
	fmt.Println("loaded")
	running.Wait()
	fmt.Fprintln(os.Stdout, string(mustMarshal(total)))
	return nil
}

// caller makes one call after the other.
type caller struct {
	client servicea.Client
	number int
	prefix string
	pause  time.Duration
	warm   func()
}

// run calls until nobody listens, or until a hundred calls have failed otherwise.
func (c *caller) run() summary {
	s := summary{Failed: map[string]int{}}
	failures := 0
	for count := 0; s.Refused == 0 && failures < 100; count++ {
		text := fmt.Sprintf("%d-%d", c.number, count)
		answer, err := c.call(text)
		switch {
		case errors.Is(err, kerrors.ErrGetConnection):
			s.Refused++
		case err != nil:
			s.Failed[err.Error()]++
			failures++
		case answer != "ServiceA/onlyA: "+text:
			s.Failed[fmt.Sprintf("%q was answered with %q", text, answer)]++
			failures++
		default:
			s.Answered++
			time.Sleep(c.pause)
		}
		if count+1 == warmUp || s.Refused > 0 && count+1 < warmUp {
			c.warm()
		}
	}
	return s
}

func (c *caller) call(text string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	answer, err := c.client.OnlyA(ctx, &multi.Request{Message: c.prefix + text})
	if err != nil {
		return "", err
	}
	return answer.Message, nil
}
