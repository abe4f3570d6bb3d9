//! What the names of members say, in the spellings that libraries use.

/// What a member's name says it is, most telling first within each.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Role {
    Time(u8),
    Level(u8),
    Message(u8),
    Logger(u8),
    /// `name`: the logger in the records of bunyan, pino and Python.
    Name,
    /// Only those libraries write it.
    Family,
    /// ECS: `log: {level, logger}`.
    Log,
    /// `tracing`: `fields: {message, …}`.
    Fields,
    /// loguru: `record: {level: {name}, message, time}`.
    Record,
    Deployment,
    Template,
    Container,
    Stream,
    Tool,
    ToolCall,
    ToolError,
    ToolDuration,
}

/// The role of a member of that name.
pub(super) fn role(key: &[u8]) -> Option<Role> {
    use Role::*;
    Some(match key.len() {
        2 => match key {
            b"ts" | b"@t" => Time(0),
            b"@l" => Level(0),
            b"@m" => Message(0),
            _ => return None,
        },
        3 => match key {
            b"msg" => Message(0),
            b"@mt" => Message(2),
            b"lvl" | b"sev" => Level(0),
            b"pid" => Family,
            b"log" => Log,
            _ => return None,
        },
        4 => match key {
            b"time" | b"Time" => Time(0),
            b"date" => Time(3),
            b"name" => Name,
            b"tool" => Tool,
            b"body" => Message(3),
            _ => return None,
        },
        5 => match key {
            b"level" | b"Level" | b"LEVEL" => Level(0),
            b"event" => Message(6),
            b"_time" => Time(1),
            _ => return None,
        },
        6 => match key {
            b"logger" | b"Logger" => Logger(0),
            b"target" => Logger(1),
            b"fields" => Fields,
            b"record" => Record,
            b"stream" => Stream,
            _ => return None,
        },
        7 => match key {
            b"message" | b"Message" | b"MESSAGE" => Message(0),
            b"asctime" => Time(0),
            b"created" => Time(4),
            b"instant" => Time(1),
            b"@logger" => Logger(0),
            b"Message " => return None,
            _ => return None,
        },
        8 => match key {
            b"severity" | b"loglevel" | b"logLevel" | b"LogLevel" | b"Severity" => Level(0),
            b"priority" | b"PRIORITY" => Level(3),
            b"template" => Template,
            b"hostname" => Family,
            b"datetime" | b"dateTime" => Time(1),
            b"Category" => Logger(1),
            _ => return None,
        },
        9 => match key {
            b"timestamp" | b"Timestamp" | b"TIMESTAMP" => Time(0),
            b"levelname" | b"log.level" | b"log_level" | b"levelName" => Level(0),
            b"container" => Container,
            b"tool_call" => ToolCall,
            b"eventTime" | b"logged_at" => Time(2),
            _ => return None,
        },
        10 => match key {
            b"@timestamp" => Time(0),
            b"level_name" => Level(0),
            b"log.logger" | b"loggerName" => Logger(0),
            b"tool_error" => ToolError,
            b"timeMillis" => Time(1),
            b"deployment" => Deployment,
            _ => return None,
        },
        11 => match key {
            b"logger_name" | b"logger.name" => Logger(0),
            b"level.value" | b"level_value" => return None,
            b"textPayload" => Message(1),
            _ => return None,
        },
        12 => match key {
            b"severityText" => Level(1),
            _ => return None,
        },
        13 => match key {
            b"short_message" => Message(0),
            b"severity_text" => Level(1),
            b"SourceContext" => Logger(1),
            _ => return None,
        },
        14 => match key {
            b"fields.message" => Message(1),
            _ => return None,
        },
        16 => match key {
            b"tool_duration_ms" => ToolDuration,
            _ => return None,
        },
        _ => return None,
    })
}
