-- Has wrk send bodies: wrk -s post.lua URL -- BYTES
function init(args)
    wrk.method = "POST"
    wrk.body = string.rep("x", tonumber(args[1]))
    wrk.headers["Content-Type"] = "application/octet-stream"
end
