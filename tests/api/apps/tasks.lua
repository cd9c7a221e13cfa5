-- What Lua offers to the other languages of an instance.
local socket = require("socket")

uwsgi.register_rpc("lua_upper", function(text) return string.upper(text) end)
uwsgi.register_rpc("lua_fail", function() error("not in Lua") end)
-- takes a name, from whoever has it
uwsgi.register_rpc("lua_take", function(name)
    uwsgi.register_rpc(name, function(text) return "lua says " .. text end)
    return name
end)
uwsgi.register_signal(18, "", function(number) uwsgi.log("lua has signal " .. number) end)

local function field(text)
    return string.char(#text % 256, math.floor(#text / 256)) .. text
end

-- uWSGI gives Lua no function that calls others: so it sends the packet of a call to the instance's own socket.
uwsgi.register_rpc("lua_ask", function(host, port, ...)
    local body = ""
    for _, text in ipairs({...}) do
        body = body .. field(text)
    end
    local node = assert(socket.connect(host, tonumber(port)))
    assert(node:send(string.char(173, #body % 256, math.floor(#body / 256), 0) .. body))
    local head = node:receive(4)
    local answer = head and node:receive(head:byte(2) + 256 * head:byte(3))
    node:close()
    return "lua got " .. tostring(answer)
end)
