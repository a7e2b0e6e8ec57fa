-- One request after the other for wrk; arguments: kind, path of the images, token, file with image ids.
local threads = 0

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

local kind, path, headers
local ids = {}
local turn = 0

local NEW = [[{"name": "bench-%d-%d", "disk_format": "raw", "container_format": "bare",
  "tags": ["tag-01", "rel-1"], "os_distro": "ubuntu", "os_version": "24.4", "os_type": "linux",
  "architecture": "x86_64", "hw_disk_bus": "virtio", "hw_vif_model": "virtio", "build_id": "b1", "team": "team-001"}]]
local CHANGE = [[ [{"op": "replace", "path": "/build_id", "value": "changed-%d-%d"}] ]]

function init(args)
  kind, path = args[1], args[2]
  headers = {["X-Auth-Token"] = args[3], ["Accept"] = "application/json"}
  if kind == "create" then
    headers["Content-Type"] = "application/json"
  elseif kind == "patch" then
    headers["Content-Type"] = "application/openstack-images-v2.1-json-patch"
  end
  for line in io.lines(args[4]) do
    ids[#ids + 1] = line
  end
  -- Threads begin apart, so that they do not change the same image at the same time.
  turn = math.floor(number * #ids / 2)
end

function request()
  turn = turn + 1
  if kind == "create" then
    return wrk.format("POST", path, headers, NEW:format(number, turn))
  end
  local one = path .. "/" .. ids[turn % #ids + 1]
  if kind == "patch" then
    return wrk.format("PATCH", one, headers, CHANGE:format(number, turn))
  end
  return wrk.format("GET", one, headers)
end
