# The Ruby client (gem fluent-logger) sends 20 events; the 4th of each ten is read from EVENT.
require "json"
require "fluent-logger"

port, match = Integer(ENV["PORT"]), JSON.parse(ENV["EVENT"])
[false, true].each do |nanoseconds|
  log = Fluent::Logger::FluentLogger.new("app", host: "127.0.0.1", port: port, nanosecond_precision: nanoseconds)
  10.times do |n|
    record = n == 3 ? match : { "n" => n, "text" => "ünï", "big" => 2**63 + 1, "list" => [1, nil, { "a" => 1.5 }] }
    log.post("rb.#{nanoseconds}", record) or abort log.last_error.to_s
  end
  log.close
end
