// The Go client (Debian's golang-github-fluent-fluent-logger-golang-dev) sends 20 events and waits for their acks; the
// 4th of each ten is read from EVENT.
package main

import (
	"encoding/json"
	"log"
	"os"
	"strconv"

	"github.com/fluent/fluent-logger-golang/fluent"
)

func main() {
	port, err := strconv.Atoi(os.Getenv("PORT"))
	if err != nil {
		log.Fatal(err)
	}
	var match map[string]interface{}
	if err := json.Unmarshal([]byte(os.Getenv("EVENT")), &match); err != nil {
		log.Fatal(err)
	}
	for _, asJSON := range []bool{false, true} {
		logger, err := fluent.New(fluent.Config{
			FluentPort: port, FluentHost: "127.0.0.1", TagPrefix: "app",
			MarshalAsJSON: asJSON, RequestAck: !asJSON, SubSecondPrecision: !asJSON,
		})
		if err != nil {
			log.Fatal(err)
		}
		for n := 0; n < 10; n++ {
			var record interface{} = match
			if n != 3 {
				record = map[string]interface{}{"n": n, "text": "ünï", "list": []interface{}{1, nil, 1.5}}
			}
			if err := logger.Post("go."+strconv.FormatBool(asJSON), record); err != nil {
				log.Fatal(err)
			}
		}
		if err := logger.Close(); err != nil {
			log.Fatal(err)
		}
	}
}
